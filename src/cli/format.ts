/** How numbers are shown to a person. */

export const count = (number: number): string => Math.round(number).toLocaleString('en-US')

/** `1 entity`, `2 entities`. */
export const amount = (number: number, one: string, many: string): string =>
  `${count(number)} ${number === 1 ? one : many}`

export const messages = (number: number): string => amount(number, 'message', 'messages')

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const

export function bytes(number: number): string {
  let unit = 0
  while (number >= 999.95 && unit < units.length - 1) {
    number /= 1000
    unit++
  }
  return `${unit === 0 ? number : number.toFixed(1)} ${units[unit]!}`
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`

export const perSecond = (number: number, milliseconds: number): string =>
  `${count(number / Math.max(0.001, milliseconds / 1000))} messages/s`
