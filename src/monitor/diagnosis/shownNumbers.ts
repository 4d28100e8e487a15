/** How numbers are told to a person, in the terminal and on the page. */

export const amount = (number: number): string => Math.round(number).toLocaleString('en-US')

/** `1 message`, `2 messages`. */
export const counted = (number: number, one: string, many = `${one}s`): string =>
  `${amount(number)} ${Math.round(number) === 1 ? one : many}`

/** Milliseconds as one number with its unit: `0.12 ms`, `3.4 s`, `5 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${digits(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`
  return seconds < 48 * 3600 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86_400)} d`
}

/** Bytes as one number with its unit. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  while (bytes >= 999.5 && unit < units.length - 1) {
    bytes /= 1000
    unit++
  }
  return `${unit === 0 ? amount(bytes) : digits(bytes)} ${units[unit]!}`
}

/** A number below 1,000 in at most three digits. */
function digits(number: number): string {
  return String(Number(number.toFixed(number < 1 ? 3 : number < 10 ? 2 : number < 100 ? 1 : 0)))
}
