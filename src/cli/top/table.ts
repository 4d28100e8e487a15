import { cut, printable } from '../monitor/printable.ts'

/** A table as wide as it may be: its first column takes what the others leave. */
export interface Table {
  /** The first one is a name, the others are short. */
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Of a column, at least; a number has at most five characters. */
const leastNumber = 6
/** Where a name needs more, the columns of numbers still stand. */
const widestName = 60

/** The lines of a table, none longer than `width`. */
export function tableLines({ head, rows }: Table, width: number): string[] {
  const numberWidth = Math.max(leastNumber, ...head.slice(1).map((name) => name.length + 1))
  const numbers = head.length - 1
  const longest = Math.max(...[head, ...rows].map(([name]) => name!.length))
  const nameWidth = Math.max(8, Math.min(longest, widestName, width - numbers * numberWidth))
  const line = ([name, ...cells]: readonly string[]): string =>
    cut(name!, nameWidth).padEnd(nameWidth) + cells.map((cell) => cell.padStart(numberWidth)).join('')
  return [head, ...rows].map((row) => line(row).trimEnd())
}

/** A text over lines no longer than `width`; each begins with `indent`, those after the first with two more. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = indent
  let isEmpty = true
  for (const word of printable(text).split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = `${indent}  `
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line].map((one) => cut(one, width))
}

/** A count, in at most five characters: `12`, `12.3k`, `4.5M`. */
export function short(number: number): string {
  if (number < 0.05) return '0'
  if (number < 10) return Number.isInteger(number) ? String(number) : number.toFixed(1)
  const units = ['', 'k', 'M', 'G', 'T', 'P']
  let unit = 0
  while (number >= 999.5 && unit < units.length - 1) {
    number /= 1000
    unit++
  }
  return `${number.toFixed(unit === 0 || number >= 99.95 ? 0 : 1)}${units[unit]!}`
}

/** Milliseconds, in at most five characters; what is a second or more as seconds: `0.12`, `12.3`, `3.4s`. */
export function shortTime(milliseconds: number): string {
  if (milliseconds === 0) return '-'
  if (milliseconds >= 999.5) return `${short(milliseconds / 1000)}s`
  return milliseconds.toFixed(milliseconds < 0.0995 ? 3 : milliseconds < 9.995 ? 2 : milliseconds < 99.95 ? 1 : 0)
}
