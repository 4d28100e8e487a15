/** A value as it may stand in an error message: short, on one line, never throwing. */
export function shown(value: unknown): string {
  try {
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value === 'string') return JSON.stringify(cut(value))
    if (value instanceof Error) return cut(`${value.name}: ${value.message}`)
    if (value instanceof Uint8Array) {
      let start = ''
      for (const byte of value.subarray(0, 16)) start += (byte < 16 ? '0' : '') + byte.toString(16)
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

const longestShown = 120
const cut = (text: string): string => (text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)
