import type { NodeReport } from '../../../report.ts'
import { fillOf, full } from '../../view/flow.ts'
import { formatDuration, formatPercent, formatShort } from '../../view/format.ts'
import { wordsOfBuffer } from '../../view/why.ts'
import { createList, el, setAttributes, setText, show, type Shown } from '../dom.ts'
import type { Box } from './places.ts'

interface Item {
  readonly node: NodeReport
  readonly box: Box
  readonly slowest: boolean
  /** It keeps the pipeline's sources from reading on. */
  readonly holds: boolean
  /** It is a source, and something keeps it. */
  readonly held: boolean
  readonly selected: boolean
}

/** A node of the picture: a button that selects it. */
export function createNode(select: () => void): Shown<Item> {
  const name = el('span', { class: 'name' })
  const rate = el('span', { class: 'rate' })
  const kind = el('span', { class: 'kind' })
  const latency = el('span', { class: 'latency' })
  const first = el('span', { class: 'row' }, name, rate)
  const second = el('span', { class: 'row' }, kind, latency)
  const fill = el('span', { class: 'fill' })
  const percent = el('span')
  const used = el('span', { class: 'of' })
  const buffer = el(
    'span',
    { class: 'buffer' },
    el('span', { class: 'gauge' }, fill),
    el('span', { class: 'used' }, percent, used),
  )
  const tags = el('span', { class: 'tags' })
  const element = el('button', { type: 'button', class: 'node' }, first, second, buffer, tags)
  element.addEventListener('click', select)
  const updateTags = createList<readonly [sign: string, text: string]>(tags, ([, text]) => text, createTag)

  return {
    element,
    update({ node, box, slowest, holds, held, selected }) {
      const { style } = element
      style.left = `${box.x}px`
      style.top = `${box.y}px`
      style.width = `${box.width}px`
      style.height = `${box.height}px`
      const filled = fillOf(node)
      const isFull = filled !== undefined && filled >= full
      setAttributes(element, {
        'aria-pressed': String(selected),
        'data-kind': node.kind,
        'data-full': isFull,
        'data-holds': holds,
      })
      setText(name, node.name)
      element.title = node.name
      setText(kind, kindOf(node))
      setText(rate, `${formatShort(node.throughput.now)}/s`)
      const { count, p50, p99 } = node.latency
      setText(latency, count === 0 ? '' : `${formatDuration(p50)}, 99 % ${formatDuration(p99)}`)
      show(buffer, node.buffer !== undefined)
      if (node.buffer !== undefined) {
        fill.style.width = `${Math.min(100, filled! * 100)}%`
        setText(percent, formatPercent(filled!))
        setText(used, `, ${wordsOfBuffer(node.buffer)}`)
      }
      updateTags([
        ...(held ? [['‖', 'held'] as const] : []),
        ...(holds ? [['◆', 'holds'] as const] : []),
        ...(isFull ? [['■', 'buffer full'] as const] : []),
        ...(slowest ? [['▼', 'slowest'] as const] : []),
      ])
    },
  }
}

/** What its name does not say already. */
function kindOf({ name, operator, partition }: NodeReport): string {
  if (partition !== undefined) return `state ${partition}`
  return name === operator || name.startsWith(`${operator} `) ? '' : operator
}

function createTag([sign, text]: readonly [string, string]): Shown<unknown> {
  const element = el(
    'span',
    { class: 'tag', 'data-tag': text },
    el('span', { 'aria-hidden': 'true' }, `${sign} `),
    text,
  )
  return { element, update: () => undefined }
}
