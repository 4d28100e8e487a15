import type { PipelineReport } from '../../../report.ts'
import { layOut } from '../../view/layout.ts'

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Places {
  readonly width: number
  readonly height: number
  readonly boxes: ReadonlyMap<string, Box>
  /** For each edge: paths of an SVG, of its line and of its tip, and where its figure stands. */
  readonly edges: readonly { readonly path: string; readonly tip: string; readonly x: number; readonly y: number }[]
}

const [widest, narrowest, gapX, gapY, top] = [330, 132, 18, 36, 14]
const [plain, withBuffer] = [50, 76]

/** From above to below, so that it fits a phone: boxes in px within `width`, or in more where that is too little. */
export function placeNodes({ nodes, edges }: PipelineReport, width: number): Places {
  const { layers, routes } = layOut({ nodes, edges })
  const columns = Math.max(1, ...layers.map(({ length }) => length))
  const whole = Math.max(width, columns * (narrowest + gapX) - gapX)
  const tall = new Map(nodes.map(({ id, buffer }) => [id, buffer === undefined ? plain : withBuffer]))
  const boxes = new Map<string, Box>()
  let y = top
  for (const layer of layers) {
    const height = Math.max(...layer.map((id) => tall.get(id) ?? 0))
    const wide = Math.min(widest, Math.floor((whole + gapX) / layer.length) - gapX)
    const first = (whole - layer.length * (wide + gapX) + gapX) / 2
    for (const [at, id] of layer.entries()) {
      boxes.set(id, { x: Math.round(first + at * (wide + gapX)), y, width: wide, height: tall.get(id) ?? height })
    }
    y += height + gapY
  }
  return {
    width: whole,
    height: Math.max(0, y - gapY + 8),
    boxes,
    edges: routes.map((route) => drawRoute(route, boxes)),
  }
}

function drawRoute(route: readonly string[], boxes: ReadonlyMap<string, Box>): Places['edges'][number] {
  if (route.length < 2) return { path: '', tip: '', x: 0, y: 0 }
  const middle = (id: string): number => boxes.get(id)!.x + boxes.get(id)!.width / 2
  const bottom = (id: string): number => boxes.get(id)!.y + boxes.get(id)!.height
  let path = `M${middle(route[0]!)} ${bottom(route[0]!)}`
  for (let at = 1; at < route.length; at++) {
    const [from, to] = [route[at - 1]!, route[at]!]
    const end = boxes.get(to)!.y - (at === route.length - 1 ? 8 : 0)
    const half = (bottom(from) + end) / 2
    path += `C${middle(from)} ${half} ${middle(to)} ${half} ${middle(to)} ${end}`
    if (at < route.length - 1) path += `V${bottom(to)}`
  }
  const [last, before] = [route.at(-1)!, route.at(-2)!]
  const end = boxes.get(last)!.y - 1
  const tip = `M${middle(last)} ${end}l-6 -9h12z`
  return { path, tip, x: (middle(last) + middle(before)) / 2, y: (bottom(before) + boxes.get(last)!.y) / 2 }
}
