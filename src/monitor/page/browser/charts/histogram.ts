import { formatCount, formatDuration } from '../../view/format.ts'
import { totalOf, type Histogram } from '../../view/percentiles.ts'
import { show } from '../dom.ts'
import { createChart } from './chart.ts'

/** How long messages took, of what is selected. */
export function createHistogram() {
  let bounds: readonly number[] = []
  const boundOf = (place: number): string => {
    const bound = bounds[place]
    if (bound !== undefined) return formatDuration(bound)
    return place === bounds.length && place > 0 ? `more than ${formatDuration(bounds[place - 1]!)}` : ''
  }
  const chart = createChart({
    label: 'Latency histogram',
    lines: [{ label: 'messages', colour: 'accent', bars: true }],
    x: boundOf,
    y: formatCount,
    height: 140,
  })
  return {
    element: chart.element,
    update(histogram: Histogram | undefined): void {
      const total = histogram === undefined ? 0 : totalOf(histogram)
      show(chart.element, total > 0)
      if (histogram === undefined || total === 0) return
      const first = histogram.counts.findIndex((count) => count > 0)
      const last = histogram.counts.findLastIndex((count) => count > 0)
      bounds = histogram.bounds.slice(first, last + 1)
      const counts = histogram.counts.slice(first, last + 1)
      const most = counts.indexOf(Math.max(...counts))
      const words = `${formatCount(total)} measured since the start; most of them took up to ${boundOf(most)}.`
      chart.update([counts.map((_, place) => place), counts], words)
    },
  }
}
