import { el, setText } from '../dom.ts'
import { plotOptions, type ChartOptions } from './plot.ts'

/** Columns: x, in seconds since 1970 or as places, then the values of each line. */
export type ChartData = readonly (readonly (number | null)[])[]

export interface Chart {
  readonly element: HTMLElement
  /** Shows these, and says them in words. */
  update(data: ChartData, words: string): void
}

/** A chart as wide as its place, in the page's colours; below it what it says, or what is where the pointer is. */
export function createChart(options: ChartOptions): Chart {
  const { label, height = 140 } = options
  const caption = el('figcaption')
  const place = el('div', { class: 'plot', role: 'img', 'aria-label': label })
  const element = el('figure', { class: 'chart' }, el('h3', {}, label), place, caption)
  let plot: uPlot | undefined
  let data: ChartData = [[], ...options.lines.map(() => [])]
  let words = ''

  const showNewest = (): void => {
    if (plot === undefined || typeof plot.cursor.idx === 'number') return
    const last = data[0]!.length - 1
    if (last >= 0) plot.setLegend({ idx: last }, false)
    setText(caption, words)
  }
  const showPointed = (text: string | undefined): void => {
    if (text !== undefined) setText(caption, text)
  }
  const draw = (width: number): void => {
    if (width < 40) return
    if (plot === undefined) {
      plot = new uPlot(plotOptions(options, width, height, showPointed), data as uPlot.AlignedData, place)
      plot.over.addEventListener('mouseleave', () => queueMicrotask(showNewest))
    } else if (plot.width !== width) plot.setSize({ width, height })
    showNewest()
  }
  new ResizeObserver(([entry]) => draw(Math.floor(entry!.contentRect.width))).observe(place)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot?.redraw())

  return {
    element,
    update(next, text) {
      data = next
      words = text
      plot?.setData(next as uPlot.AlignedData)
      if (plot === undefined) setText(caption, text)
      showNewest()
      place.setAttribute('aria-label', `${label}: ${text}`)
    },
  }
}
