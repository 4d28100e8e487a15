import type { NodeReport, PipelineReport } from '../../../report.ts'
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

  return {
    element,
    update({ report, history, selection }: View): void {
      const found = report.pipelines.find(({ name }) => name === selection.pipeline)
      if (found === undefined) return
      pipeline = found.name
      const node = found.nodes.find(({ id }) => id === selection.node)
      setText(what, wordsOf(found, node))
      show(whole, node !== undefined)
      const { at, rate, p50, p99, p999 } = history.of(selection.pipeline, selection.node)
      const { throughput: figures, latency: times } = node ?? found
      const speeds = `${formatRate(figures.now)} a second now; median ${formatRate(figures.median)}, most ${formatRate(figures.max)}.`
      throughput.update([at, rate], speeds)
      latency.update(
        [at, ...[p50, p99, p999].map((values) => values.map((value) => (value > 0 ? value : null)))],
        times.count === 0
          ? 'Nothing measured yet.'
          : `Half within ${formatDuration(times.p50)}, 99 % within ${formatDuration(times.p99)}, longest ${formatDuration(times.max)}.`,
      )
      histogram.update(report.instance, selection)
    },
  }
}

function wordsOf(pipeline: PipelineReport, node: NodeReport | undefined): string {
  if (node === undefined) return `Pipeline ${pipeline.name}, from its sources to its sinks.`
  return `${node.kind[0]!.toUpperCase()}${node.kind.slice(1)} ${node.name} of pipeline ${pipeline.name}, its own work.`
}
