import type { Measurement, Target } from './bench.ts'
import { judge } from './judge.ts'
import { median } from './median.ts'

const header = ['measured', 'against', 'unit', 'ours', 'theirs', 'ratio', 'target', '']

/** The measurements as a table of text. */
export function table(measurements: readonly Measurement[]): string {
  const rows = [header, ...measurements.map(row)]
  const widths = header.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)))
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => pad(cell, widths[column]!, column >= 3 && column <= 5))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function row(measurement: Measurement): string[] {
  const { name, against = '', unit, ours, theirs, target, judged } = measurement
  const { ratio } = judge(measurement)
  return [
    name,
    against,
    unit,
    spread(ours),
    theirs === undefined ? '' : spread(theirs),
    ratio === undefined ? '' : ratio.toFixed(2),
    target === undefined ? '' : `${targetText(target)}${judged === 'ours' ? ` ${unit}` : ''}`,
    verdictText(measurement),
  ]
}

function verdictText(measurement: Measurement): string {
  const { reached, margin } = judge(measurement)
  if (reached === undefined || margin === undefined) return ''
  return reached ? 'reached' : `NOT reached, by ${Math.abs(margin * 100).toFixed(1)} %`
}

function targetText(target: Target): string {
  return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`
}

/** The median, and how far runs were from it at most. */
function spread(values: readonly number[]): string {
  const middle = median(values)
  const farthest = Math.max(...values.map((value) => Math.abs(value - middle)))
  const text = middle.toPrecision(3).includes('e') ? middle.toFixed(0) : middle.toPrecision(3)
  return values.length > 1 && middle !== 0 ? `${text} ±${((farthest / middle) * 100).toFixed(0)} %` : text
}

function pad(cell: string, width: number, right: boolean): string {
  const space = ' '.repeat(width - cell.length)
  return right ? space + cell : cell + space
}
