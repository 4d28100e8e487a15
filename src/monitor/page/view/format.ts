/* Figures as people read them. The same everywhere, whatever the reader's language: they are compared with logs. */

const thin = '\u202f' // a narrow space that does not break, between a figure and its unit

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** `1,234,567` */
export const formatCount = (count: number): string => grouped.format(count)

/** `1 message`, `2 messages`. */
export const formatCounted = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${Math.round(count) === 1 ? one : many}`

/** A figure of a table: whole from 10 on, with one decimal below. */
export function formatRate(rate: number): string {
  return rate === 0 || rate >= 10 ? formatCount(rate) : rate.toFixed(1)
}

/** Three digits and a unit: `52.3 k`. */
export function formatShort(figure: number): string {
  if (figure < 999.5) return figure >= 10 || Number.isInteger(figure) ? figure.toFixed(0) : figure.toFixed(1)
  const [unit, size] = figure < 999.5e3 ? ['k', 1e3] : figure < 999.5e6 ? ['M', 1e6] : ['G', 1e9]
  return `${threeDigits(figure / size)}${thin}${unit}`
}

/** Of milliseconds: `340 µs`, `12.3 ms`, `4.2 s`, `3 min`, `5 h 12 min`. */
export function formatDuration(ms: number): string {
  if (ms <= 0) return '0'
  if (ms < 0.001) return `<1${thin}µs`
  if (ms < 0.9995) return `${threeDigits(ms * 1000)}${thin}µs`
  if (ms < 999.5) return `${threeDigits(ms)}${thin}ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)}${thin}s`
  return formatLong(Math.floor(ms / 1000))
}

/** Of time that goes on while it is read: whole seconds. */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return seconds < 60 ? `${seconds}${thin}s` : formatLong(seconds)
}

function formatLong(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes}${thin}min` : `${minutes}${thin}min ${seconds % 60}${thin}s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours}${thin}h ${minutes % 60}${thin}min`
  return `${Math.floor(hours / 24)}${thin}d ${hours % 24}${thin}h`
}

/** `1.5 MB`, of 1,000 each. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes.toFixed(0)}${thin}B`
  const units = ['kB', 'MB', 'GB', 'TB', 'PB']
  let size = bytes / 1000
  let unit = 0
  for (; size >= 999.5 && unit < units.length - 1; unit++) size /= 1000
  return `${threeDigits(size)}${thin}${units[unit]!}`
}

/** Of a part: `42 %`. What is not quite all is never 100 %. */
export function formatPercent(part: number): string {
  const percent = Math.round(part * 100)
  return `${percent === 100 && part < 1 ? 99 : percent}${thin}%`
}

/** The time of day here: `14:03:09`. */
export function formatTime(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** A time that need not be of today: `2026-01-02 03:04:05 UTC`. */
export function formatInstant(at: number): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return String(at) // a watermark may be any number
  return `${date.toISOString().slice(0, -5).replace('T', ' ')}${thin}UTC`
}

/** Numbers in ascending order: `0–3, 7`. */
export function formatRanges(numbers: readonly number[]): string {
  const ranges: string[] = []
  for (let first = 0; first < numbers.length;) {
    let last = first
    while (numbers[last + 1] === numbers[last]! + 1) last++
    ranges.push(first === last ? String(numbers[first]) : `${numbers[first]!}–${numbers[last]!}`)
    first = last + 1
  }
  return ranges.join(', ')
}

function threeDigits(figure: number): string {
  return figure >= 99.95 ? figure.toFixed(0) : figure >= 9.995 ? figure.toFixed(1) : figure.toFixed(2)
}
