import { UsageError } from '../failure.ts'

/** Where an application is asked. */
export interface MonitorAddress {
  /** Ends with a slash. */
  readonly url: URL
  /** As it stands in errors and tables: without what a terminal would act on. */
  readonly shown: string
  readonly token: string | undefined
}

/** Of an argument such as `http://127.0.0.1:9464`, with or without the scheme. Throws `UsageError`. */
export function monitorAddress(text: string, token: string | undefined): MonitorAddress {
  const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(text)
  const url = parsed(hasScheme ? text : `http://${text}`)
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url === undefined || !isHttp || url.hostname === '') {
    throw new UsageError(`expected a URL such as http://127.0.0.1:9464, got "${text}"`)
  }
  // The address of the page, token and all, may be pasted.
  const inHash = new URLSearchParams(url.hash.slice(1)).get('token') ?? undefined
  url.hash = ''
  url.search = ''
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return { url, shown: url.href.replace(/\/$/, ''), token: token ?? inHash }
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** Of the option `--token` and the environment. Throws `UsageError`. */
export function tokenOption(option: string | undefined): string | undefined {
  const token = option ?? process.env.WALLARX_TOKEN
  if (option === '') throw new UsageError('--token wants a token')
  if (token === undefined || token === '') return undefined
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError('the token has characters that a header cannot have')
  return token
}
