/** A value as it may stand in an error message: short, on one line, never throwing. */
export function shown(value: unknown): string {
  try {
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value === 'string') return JSON.stringify(cut(value))
    if (value instanceof Error) return cut(`${value.name}: ${value.message}`)
    if (value instanceof Uint8Array) {
      let start = ''
      for (let at = 0; at < value.length && at < 16; at++) start += hexOf[value[at]!]!
      return `${value.length} bytes <${start}${value.length > 16 ? '…' : ''}>`
    }
    if (Array.isArray(value)) return `an array of ${value.length}`
    if (typeof value === 'function') return `a function ${value.name}`.trim()
    if (typeof value === 'object' && value !== null) return `an object ${cut(JSON.stringify(value))}`
    return String(value)
  } catch {
    return `a ${typeof value}`
  }
}

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

const longestShown = 120
const cut = (text: string): string => (text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)
