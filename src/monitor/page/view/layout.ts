/** What is to be laid out. */
export interface Graph {
  readonly nodes: readonly { readonly id: string }[]
  readonly edges: readonly { readonly from: string; readonly to: string }[]
}

/** Where everything goes: layers from the sources on, each with its places from one side to the other. */
export interface Layout {
  /** Ids of nodes; and of bends, which stand where an edge passes a layer. */
  readonly layers: readonly (readonly string[])[]
  /** For each edge: what it leads along, both of its ends among it. */
  readonly routes: readonly (readonly string[])[]
}

type Neighbours = Map<string, string[]>

/**
 * Layers of a graph: each node stands below all that lead to it, and near to those within its layer. For graphs of the
 * size that people write; an edge that closes a circle is left out of account.
 */
export function layOut({ nodes, edges }: Graph): Layout {
  const ids = nodes.map(({ id }) => id)
  const layerOf = longestPaths(ids, neighboursOf(ids, edges, 'to'))
  const layers: string[][] = []
  for (const id of ids) (layers[layerOf.get(id)!] ??= []).push(id)

  const routes = edges.map(({ from, to }, edge) => {
    const [first, last] = [layerOf.get(from), layerOf.get(to)]
    if (first === undefined || last === undefined) return []
    const bends: string[] = []
    for (let layer = first + 1; layer < last; layer++) {
      const bend = `bend ${edge} ${layer}`
      layers[layer]!.push(bend)
      bends.push(bend)
    }
    return [from, ...bends, to]
  })
  const links = routes.flatMap((route) => route.slice(1).map((to, at) => ({ from: route[at]!, to })))
  const above = neighboursOf(layers.flat(), links, 'to')
  const below = neighboursOf(layers.flat(), links, 'from')
  // Four sweeps, down and up: what is left to gain after them is not seen.
  for (let sweep = 0; sweep < 4; sweep++) {
    const down = sweep % 2 === 0
    for (const layer of down ? layers : layers.toReversed()) order(layer, down ? above : below, placesIn(layers))
  }
  return { layers, routes }
}

/** For each node those at the other ends of its edges, of which it is this end. */
function neighboursOf(ids: readonly string[], edges: Graph['edges'], end: 'from' | 'to'): Neighbours {
  const neighbours: Neighbours = new Map(ids.map((id) => [id, []]))
  for (const edge of edges) {
    const other = edge[end === 'to' ? 'from' : 'to']
    if (other !== edge[end] && neighbours.has(other)) neighbours.get(edge[end])?.push(other)
  }
  return neighbours
}

function longestPaths(ids: readonly string[], above: Neighbours): Map<string, number> {
  const found = new Map<string, number>()
  const entered = new Set<string>() // met again above itself: a circle
  const layerOf = (id: string): number => {
    const known = found.get(id)
    if (known !== undefined) return known
    if (entered.has(id)) return -1
    entered.add(id)
    const layer = 1 + Math.max(-1, ...above.get(id)!.map(layerOf))
    found.set(id, layer)
    return layer
  }
  for (const id of ids) layerOf(id)
  return found
}

function placesIn(layers: readonly (readonly string[])[]): Map<string, number> {
  return new Map(layers.flatMap((layer) => layer.map((id, at) => [id, (at + 0.5) / layer.length] as const)))
}

/** By the middle of their neighbours; those without stay where they are. */
function order(layer: string[], neighbours: Neighbours, places: ReadonlyMap<string, number>): void {
  const middle = new Map(
    layer.map((id) => {
      const near = neighbours.get(id)!
      const sum = near.reduce((total, other) => total + places.get(other)!, 0)
      return [id, near.length === 0 ? places.get(id)! : sum / near.length]
    }),
  )
  layer.sort((one, other) => middle.get(one)! - middle.get(other)!)
}
