import type { Latency, NodeReport, PipelineReport, Throughput } from '../../../report.ts'
import { fillOf, slowestOf } from '../../view/flow.ts'
import { formatBytes, formatCount, formatDuration, formatPercent, formatRate } from '../../view/format.ts'
import { createList, createPart, createRow, createTable, el, setAttributes, setText, type Shown } from '../dom.ts'
import type { Selection, View } from '../model/model.ts'

interface Item {
  readonly worker: string
  readonly pipeline: PipelineReport
  /** Absent: the pipeline as a whole. */
  readonly node?: NodeReport
  readonly selected: boolean
  readonly slowest: boolean
}

const columns = [
  'Name',
  'In',
  'Out',
  'Bytes',
  'Now /s',
  'Min /s',
  'Median /s',
  'Max /s',
  '50 %',
  '95 %',
  '99 %',
  '99.9 %',
  '99.99 %',
  'Longest',
  'Buffer',
]

/** A row for each pipeline and each of its steps, with all that is measured of it. */
export function createSteps(select: (selection: Selection) => void) {
  const { element: table, body } = createTable('Pipelines and their steps', columns)
  const note = el(
    'p',
    { class: 'note' },
    'Messages a second, of the last 5 minutes; latency of each message, since the start.',
  )
  const element = createPart('steps', 'Pipelines and steps', note, table)
  const update = createList<Item>(
    body,
    ({ worker, pipeline, node }) => JSON.stringify([worker, pipeline.name, node?.id ?? '']),
    ({ pipeline, node }) =>
      createItem(() => select({ pipeline: pipeline.name, node: node?.id ?? '' }), node === undefined),
  )
  return {
    element,
    update: ({ report, selection }: View): void =>
      update(
        report.pipelines.flatMap((pipeline) => {
          const slowest = slowestOf(pipeline)?.id
          const isSelected = (node: string): boolean => selection.pipeline === pipeline.name && selection.node === node
          const worker = report.worker ?? ''
          return [
            { worker, pipeline, selected: isSelected(''), slowest: false },
            ...pipeline.nodes.map((node) => ({
              worker,
              pipeline,
              node,
              selected: isSelected(node.id),
              slowest: node.id === slowest,
            })),
          ]
        }),
      ),
  }
}

function createItem(select: () => void, isPipeline: boolean): Shown<Item> {
  const button = el('button', { type: 'button', class: 'link' })
  const mark = el('span', { class: 'tag', 'data-tag': 'slowest' }, '▼ slowest')
  button.addEventListener('click', select)
  const { row, cells } = createRow(columns.length, button)
  const kind = el('span', { class: 'meaning' })
  cells[0]!.append(mark, kind)
  if (isPipeline) row.className = 'whole'
  return {
    element: row,
    update({ worker, pipeline, node, selected, slowest }) {
      setText(button, node?.name ?? pipeline.name)
      setAttributes(button, { 'aria-pressed': String(selected) })
      setAttributes(row, { class: `${isPipeline ? 'whole' : ''}${selected ? ' chosen' : ''}`.trim() || undefined })
      mark.hidden = !slowest
      setText(kind, node === undefined ? kindOfPipeline(pipeline, worker) : kindOf(node))
      const texts = [
        ...(node === undefined ? pipelineTexts(pipeline) : nodeTexts(node)),
        ...speedTexts((node ?? pipeline).throughput),
        ...latencyTexts((node ?? pipeline).latency),
        bufferText(node),
      ]
      for (const [at, text] of texts.entries()) setText(cells[at + 1]!, text)
    },
  }
}

const kindOfPipeline = ({ lifecycle }: PipelineReport, worker: string): string =>
  worker === '' ? `pipeline, ${lifecycle}` : `pipeline on ${worker}, ${lifecycle}`

const kindOf = ({ kind, operator, partition }: NodeReport): string =>
  partition === undefined ? `${kind}, ${operator}` : `${operator}, state ${partition}`

const pipelineTexts = ({ nodes }: PipelineReport): string[] => [
  formatCount(sumOf(nodes, 'source', 'out')),
  formatCount(sumOf(nodes, 'sink', 'in')),
  '',
]

const nodeTexts = (node: NodeReport): string[] => [
  formatCount(node.in),
  formatCount(node.out),
  node.bytes === undefined ? '' : formatBytes(node.bytes),
]

const speedTexts = ({ now, min, median, max }: Throughput): string[] => [now, min, median, max].map(formatRate)

const latencyTexts = ({ count, p50, p95, p99, p999, p9999, max }: Latency): string[] =>
  [p50, p95, p99, p999, p9999, max].map((time) => (count === 0 ? '–' : formatDuration(time)))

function bufferText(node: NodeReport | undefined): string {
  const filled = node === undefined ? undefined : fillOf(node)
  return filled === undefined ? '' : formatPercent(filled)
}

function sumOf(nodes: readonly NodeReport[], kind: NodeReport['kind'], side: 'in' | 'out'): number {
  return nodes.reduce((sum, node) => (node.kind === kind ? sum + node[side] : sum), 0)
}
