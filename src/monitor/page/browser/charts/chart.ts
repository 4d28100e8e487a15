import { el, setText } from '../dom.ts'

/** One line, or row of bars, of a chart. */
export interface Line {
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
  /** What stands at the axis below; of seconds since 1970 where it is not given. */
  readonly x?: (x: number) => string
  readonly y: (value: number) => string
  readonly logarithmic?: boolean
  readonly height?: number
}

/** Columns: x, then the values of each line. */
export type ChartData = readonly (readonly (number | null)[])[]

export interface Chart {
  readonly element: HTMLElement
  /** Shows these, and says them in words. */
  update(data: ChartData, words: string): void
}

const colourOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)

/** A chart as wide as its place, in the page's colours. */
export function createChart(options: ChartOptions): Chart {
  const { label, height = 150 } = options
  const words = el('figcaption')
  const place = el('div', { class: 'plot', role: 'img', 'aria-label': label })
  const element = el('figure', { class: 'chart' }, el('h3', {}, label), place, words)
  let plot: uPlot | undefined
  let data: ChartData = [[], ...options.lines.map(() => [])]

  const draw = (width: number): void => {
    if (width < 40) return
    if (plot === undefined) plot = new uPlot(plotOptions(options, width, height), data as uPlot.AlignedData, place)
    else if (plot.width !== width) plot.setSize({ width, height })
  }
  new ResizeObserver(([entry]) => draw(Math.floor(entry!.contentRect.width))).observe(place)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot?.redraw())

  return {
    element,
    update(next, text) {
      data = next
      plot?.setData(next as uPlot.AlignedData)
      setText(words, text)
      place.setAttribute('aria-label', `${label}: ${text}`)
    },
  }
}

function plotOptions({ lines, x, y, logarithmic = false }: ChartOptions, width: number, height: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => colourOf('muted'),
    grid: { stroke: () => colourOf('line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  }
  return {
    width,
    height,
    padding: [8, 10, 0, 0],
    cursor: { y: false, drag: { x: false, y: false } },
    legend: { live: true },
    scales: {
      x: { time: x === undefined },
      y: logarithmic ? { distr: 3 } : { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      {
        ...axis,
        space: 56,
        ...(x === undefined
          ? { values: (_plot, at) => at.map((seconds) => timeOf(seconds)) }
          : { values: (_plot, at) => at.map((value) => x(value)), grid: { show: false } }),
      },
      { ...axis, size: 62, values: (_plot, at) => at.map((value) => (value === null ? '' : y(value))) },
    ],
    series: [
      { label: x === undefined ? 'at' : 'up to', value: (_plot, at) => (at === null ? '–' : (x ?? timeOf)(at)) },
      ...lines.map((line) => seriesOf(line, y)),
    ],
  }
}

function seriesOf(
  { label, colour, dash, bars = false, fill = false }: Line,
  y: (value: number) => string,
): uPlot.Series {
  const paths = bars ? uPlot.paths.bars?.({ size: [0.8, 24, 2], align: 0 }) : undefined
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

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8)
}
