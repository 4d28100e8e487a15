import type { Latency, NodeReport, PipelineReport, Throughput } from '../../../report.ts'
import { formatDuration, formatRate, formatShort } from '../../view/format.ts'
import { createPart, el, setText, show } from '../dom.ts'
import type { Selection, View } from '../model/model.ts'
import { createChart } from './chart.ts'
import { createHistogram } from './histogram.ts'

/** Throughput and latency of what is selected. */
export function createCharts(select: (selection: Selection) => void) {
  const throughput = createChart({
    label: 'Throughput',
    lines: [{ label: 'messages a second', colour: 'accent', fill: true }],
    y: formatShort,
  })
  const latency = createChart({
    label: 'Latency',
    lines: [
      { label: '50 %', colour: 'accent' },
      { label: '99 %', colour: 'second', dash: [6, 3] },
      { label: '99.9 %', colour: 'third', dash: [2, 3] },
    ],
    y: formatDuration,
    logarithmic: true,
  })
  const histogram = createHistogram()
  const what = el('span')
  const whole = el('button', { type: 'button', class: 'quiet' }, 'Show the whole pipeline')
  let pipeline = ''
  whole.addEventListener('click', () => select({ pipeline, node: '' }))
  const heading = el('p', { class: 'selected' }, what, whole)
  const charts = el('div', { class: 'charts' }, throughput.element, latency.element, histogram.element)
  const element = createPart('selected', 'Selected', heading, charts)
  const title = element.querySelector('h2')!

  return {
    element,
    update({ report, history, selection }: View): void {
      const found = report.pipelines.find(({ name }) => name === selection.pipeline)
      if (found === undefined) return
      pipeline = found.name
      const node = found.nodes.find(({ id }) => id === selection.node)
      setText(title, titleOf(found, node))
      setText(what, node === undefined ? 'From its sources to its sinks.' : `Of pipeline ${found.name}: its own work.`)
      show(whole, node !== undefined)
      const series = history.of(selection.pipeline, selection.node)
      const { at, p50, p99, p999 } = series.latency
      throughput.update([series.at, series.rate], speedWords((node ?? found).throughput))
      latency.update([at, p50, p99, p999], latencyWords((node ?? found).latency))
      histogram.update(history.histogramOf(selection.pipeline, selection.node))
    },
  }
}

function titleOf(pipeline: PipelineReport, node: NodeReport | undefined): string {
  if (node === undefined) return `Pipeline ${pipeline.name}`
  return `${node.kind[0]!.toUpperCase()}${node.kind.slice(1)} ${node.name}`
}

const speedWords = ({ now, median, max }: Throughput): string =>
  `${formatRate(now)} a second now; in the last 5 minutes median ${formatRate(median)}, at most ${formatRate(max)}.`

function latencyWords({ count, p50, p99, max }: Latency): string {
  if (count === 0) return 'Nothing measured yet.'
  const [half, most, longest] = [p50, p99, max].map(formatDuration)
  return `Since the start: half within ${half!}, 99 % within ${most!}, the longest ${longest!}.`
}
