import { setAttributes, setText, svg } from '../dom.ts'
import type { Places } from './places.ts'

/** The edges of one picture, as thick as what moves along them, with the figure of it. */
export function createEdges() {
  const lines = svg('g', { class: 'edges' })
  const tips = svg('g', { class: 'tips' })
  const figures = svg('g', { class: 'figures' })
  let drawn: Places | undefined

  return {
    elements: [lines, tips, figures],
    update(places: Places, flow: readonly number[], format: (rate: number) => string): void {
      if (places !== drawn) {
        drawn = places
        lines.replaceChildren(...places.edges.map(({ path }) => svg('path', { d: path })))
        tips.replaceChildren(...places.edges.map(({ tip }) => svg('path', { d: tip })))
        figures.replaceChildren(...places.edges.map(({ x, y }) => svg('text', { x: x + 12, y: y + 4 })))
      }
      for (const [at, rate] of flow.entries()) {
        const width = rate > 0 ? Math.min(5, 1.2 + Math.log10(1 + rate) * 0.5) : 1.5
        const state = rate > 0 ? 'flows' : 'stands'
        setAttributes(lines.children[at]!, { 'stroke-width': width.toFixed(1), class: state })
        setAttributes(tips.children[at]!, { class: state })
        setText(figures.children[at]!, `${format(rate)}/s`)
      }
    },
  }
}
