const name = 'wallarx-token'

/** Takes the token out of the address, where it would be seen and copied, into this tab's storage. */
export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return
  keepToken(token)
  history.replaceState(null, '', location.pathname + location.search)
}

export function keepToken(token: string): void {
  sessionStorage.setItem(name, token)
}

/** What a request to the run is sent with. */
export function authorization(): Record<string, string> {
  const token = sessionStorage.getItem(name)
  return token === null ? {} : { authorization: `Bearer ${token}` }
}
