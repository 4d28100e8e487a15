import { formatCount, formatDuration } from '../../view/format.ts'
import { elapsed } from '../clock.ts'
import { show } from '../dom.ts'
import { ask } from '../model/api.ts'
import type { Selection } from '../model/model.ts'
import { createChart } from './chart.ts'

/** Of one pipeline (`''`) or node: how many took up to so many ms; what took longer than the last bound comes last. */
interface Histogram {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
}

type Histograms = Readonly<Record<string, Readonly<Record<string, Histogram>>>>

const fresh = 2000

/** How long messages took, of what is selected: asked for while it is looked at. */
export function createHistogram() {
  let bounds: readonly number[] = []
  const chart = createChart({
    label: 'Latency histogram',
    lines: [{ label: 'messages', colour: 'accent', bars: true }],
    x: (place) => (Number.isInteger(place) ? boundOf(bounds, place) : ''),
    y: formatCount,
  })
  show(chart.element, false)
  let all: Histograms = {}
  let askedAt = -fresh
  let instance = ''

  const draw = ({ pipeline, node }: Selection): void => {
    const found = all[pipeline]?.[node]
    const total = found?.counts.reduce((sum, count) => sum + count, 0) ?? 0
    show(chart.element, total > 0)
    if (found === undefined || total === 0) return
    const first = found.counts.findIndex((count) => count > 0)
    const last = found.counts.findLastIndex((count) => count > 0)
    bounds = found.bounds.slice(first, last + 1)
    const counts = found.counts.slice(first, last + 1)
    const most = counts.indexOf(Math.max(...counts))
    const words = `${formatCount(total)} measured; most took up to ${boundOf(bounds, most)}.`
    chart.update([counts.map((_, place) => place), counts], words)
  }

  return {
    element: chart.element,
    update(run: string, selection: Selection): void {
      if (run !== instance) all = {}
      instance = run
      draw(selection)
      if (elapsed() - askedAt < fresh) return
      askedAt = elapsed()
      ask<Histograms>('/histograms').then(
        (answer) => {
          all = answer
          draw(selection)
        },
        () => {
          askedAt = elapsed() + 10 * fresh // it has none, or cannot answer now
        },
      )
    },
  }
}

function boundOf(bounds: readonly number[], place: number): string {
  const bound = bounds[place]
  if (bound !== undefined) return formatDuration(bound)
  return place === bounds.length && place > 0 ? `more than ${formatDuration(bounds[place - 1]!)}` : ''
}
