/** One line, or row of bars, of a chart. */
interface Line {
  readonly label: string
  /** The name of a colour of style.css. */
  readonly colour: string
  readonly dash?: number[]
  readonly bars?: boolean
  readonly fill?: boolean
}

export interface ChartOptions {
  readonly label: string
  readonly lines: readonly Line[]
  /** What stands at the axis below, for each place of the data; times where it is not given. */
  readonly x?: (x: number) => string
  readonly y: (value: number) => string
  readonly logarithmic?: boolean
  readonly height?: number
}

/** `Distr` is a const enum, which is not there when this runs. */
const logarithmicScale: object = { distr: 3 }

const colours = matchMedia('(prefers-color-scheme: dark)')
const known = new Map<string, string>() // of the scheme that is on now: to ask the page costs more than to draw
colours.addEventListener('change', () => known.clear())

function colourOf(name: string): string {
  const colour = known.get(name) ?? getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)
  known.set(name, colour)
  return colour
}

const timeOf = (seconds: number): string => new Date(seconds * 1000).toTimeString().slice(0, 8)

/** A chart as uPlot wants it; `point` is told what is where the pointer is. */
export function plotOptions(
  { lines, x, y, logarithmic = false }: ChartOptions,
  width: number,
  height: number,
  point: (text: string | undefined) => void,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => colourOf('muted'),
    grid: { stroke: () => colourOf('line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  }
  const decades = (_plot: uPlot, splits: number[]): (number | null)[] =>
    splits.map((value) => (Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6) ? value : null))
  return {
    width,
    height,
    padding: [8, 28, 0, 0],
    cursor: { y: false, drag: { x: false, y: false } },
    legend: { show: lines.length > 1, live: true },
    scales: {
      x: x === undefined ? { time: true } : { time: false, range: (_plot, min, max) => [min - 0.6, max + 0.6] },
      y: logarithmic ? logarithmicScale : { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      {
        ...axis,
        space: 64,
        size: 28,
        ...(x === undefined
          ? { values: (_plot, at) => at.map(timeOf) }
          : {
              values: (_plot, at) => at.map((place) => (Number.isInteger(place) ? x(place) : '')),
              grid: { show: false },
            }),
      },
      {
        ...axis,
        size: 62,
        ...(logarithmic ? { filter: decades, grid: { ...axis.grid, filter: decades } } : {}),
        values: (_plot, at) => at.map((value) => (value === null ? '' : y(value))),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, y))],
    hooks: {
      setCursor: [
        (plot) => {
          const { idx } = plot.cursor
          if (typeof idx !== 'number') return
          const at = plot.data[0][idx]!
          const texts = lines.map(({ label }, line) => {
            const value = plot.data[line + 1]![idx]
            return `${label}: ${typeof value === 'number' ? y(value) : '–'}`
          })
          point(`${x === undefined ? timeOf(at) : `up to ${x(at)}`}, ${texts.join(', ')}`)
        },
      ],
    },
  }
}

function seriesOf(
  { label, colour, dash, bars = false, fill = false }: Line,
  y: (value: number) => string,
): uPlot.Series {
  const paths = bars ? uPlot.paths.bars?.({ size: [0.8, 60, 2], align: 0 }) : undefined
  return {
    label,
    stroke: () => colourOf(colour),
    width: bars ? 0 : 1.75,
    points: { show: false },
    value: (_plot, value) => (value === null ? '–' : y(value)),
    ...(dash === undefined ? {} : { dash }),
    ...(paths === undefined ? {} : { paths, fill: () => colourOf(colour) }),
    ...(fill ? { fill: () => `${colourOf(colour)}22` } : {}),
  }
}
