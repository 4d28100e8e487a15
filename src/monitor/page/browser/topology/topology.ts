import type { PipelineReport } from '../../../report.ts'
import { flowOf, holderOf, slowestOf } from '../../view/flow.ts'
import { formatShort } from '../../view/format.ts'
import { createList, createPart, el, setText, show, svg, type Shown } from '../dom.ts'
import type { Selection, View } from '../model/model.ts'
import { createEdges } from './edges.ts'
import { createNode } from './node.ts'
import { placeNodes, type Places } from './places.ts'

interface Item {
  readonly pipeline: PipelineReport
  readonly view: View
}

/** Each pipeline as a picture: its nodes, and what moves along its edges. */
export function createTopology(select: (selection: Selection) => void) {
  const list = el('div')
  const element = createPart('topology', 'Topology', list)
  const update = createList<Item>(
    list,
    ({ pipeline }) => pipeline.name,
    ({ pipeline }) => createPicture(pipeline.name, select),
  )
  return {
    element,
    update: (view: View): void => update(view.report.pipelines.map((pipeline) => ({ pipeline, view }))),
  }
}

function createPicture(name: string, select: (selection: Selection) => void): Shown<Item> {
  const title = el('button', { type: 'button', class: 'pipeline' })
  title.addEventListener('click', () => select({ pipeline: name, node: '' }))
  const state = el('span', { class: 'badge' })
  const edges = createEdges()
  const drawing = svg('svg', { 'aria-hidden': 'true' }, ...edges.elements)
  const nodes = el('div')
  const canvas = el('div', { class: 'canvas' }, drawing, nodes)
  const scroll = el('div', { class: 'picture' }, canvas)
  const way = el('figcaption', { class: 'unseen' })
  const element = el('figure', { class: 'topology' }, el('h3', {}, title, state), scroll, way)
  const updateNodes = createList<Parameters<ReturnType<typeof createNode>['update']>[0]>(
    nodes,
    ({ node }) => node.id,
    ({ node }) => createNode(() => select({ pipeline: name, node: node.id })),
  )
  let shape = ''
  let places: Places | undefined
  let last: Item | undefined
  let width = 0 // as it was observed: to ask for it now would have everything laid out

  const update = (item: Item): void => {
    last = item
    const { pipeline, view } = item
    setText(title, pipeline.name)
    title.setAttribute('aria-pressed', String(view.selection.pipeline === name && view.selection.node === ''))
    setText(state, pipeline.lifecycle)
    show(state, pipeline.lifecycle !== 'running')
    const buffered = pipeline.nodes.map(({ buffer }) => buffer !== undefined)
    const now = JSON.stringify([width, pipeline.nodes.map(({ id }) => id), pipeline.edges, buffered])
    if (now !== shape) {
      shape = now
      places = placeNodes(pipeline, width)
      canvas.style.width = `${places.width}px`
      canvas.style.height = `${places.height}px`
      const nameOf = new Map(pipeline.nodes.map((node) => [node.id, node.name]))
      const ways = pipeline.edges.map(({ from, to }) => `${nameOf.get(from) ?? from} to ${nameOf.get(to) ?? to}`)
      setText(way, `From ${ways.join(', ')}.`)
    }
    const { history, report } = view
    edges.update(places!, flowOf(pipeline, report.at, history.before(1500)), formatShort)
    const slowest = slowestOf(pipeline)?.id
    const holding = new Set(pipeline.holds.map((hold) => holderOf(pipeline, hold.name)?.id))
    updateNodes(
      pipeline.nodes.map((node) => ({
        node,
        box: places!.boxes.get(node.id)!,
        slowest: node.id === slowest,
        holds: holding.has(node.id),
        held: node.kind === 'source' && pipeline.holds.length > 0,
        selected: view.selection.pipeline === name && view.selection.node === node.id,
      })),
    )
  }
  new ResizeObserver(([entry]) => {
    width = Math.floor(entry!.contentRect.width)
    if (last !== undefined) update(last)
  }).observe(scroll)
  return { element, update }
}
