import type { MonitorReport, NodeReport, PipelineReport } from '../../report.ts'

/** Messages a second along each edge of a pipeline, in the order of its edges. */
export function flowOf(pipeline: PipelineReport, at: number, earlier?: MonitorReport): number[] {
  const before = earlier?.pipelines.find(({ name }) => name === pipeline.name)
  const seconds = (at - (earlier?.at ?? at)) / 1000
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]))
  const nodesBefore = new Map(before?.nodes.map((node) => [node.id, node]))
  const degree = (end: 'from' | 'to', id: string): number => pipeline.edges.filter((edge) => edge[end] === id).length
  const rate = (node: NodeReport, side: 'in' | 'out'): number => {
    const other = nodesBefore.get(node.id)
    if (other === undefined || seconds <= 0) return node.throughput.now
    return Math.max(0, (node[side] - other[side]) / seconds)
  }
  return pipeline.edges.map(({ from, to }) => {
    const [source, target] = [nodes.get(from), nodes.get(to)]
    if (source === undefined || target === undefined) return 0
    if (degree('to', to) === 1) return rate(target, 'in')
    if (degree('from', from) === 1) return rate(source, 'out')
    return Math.min(rate(source, 'out'), rate(target, 'in'))
  })
}

/** The step, or sink, that takes the longest for one message: by the median, then by what is seldom. */
export function slowestOf({ nodes }: PipelineReport): NodeReport | undefined {
  let slowest: NodeReport | undefined
  for (const node of nodes) {
    if (node.kind === 'source' || node.latency.count === 0) continue
    if (slowest === undefined || isSlower(node, slowest)) slowest = node
  }
  return slowest
}

function isSlower({ latency: one }: NodeReport, { latency: other }: NodeReport): boolean {
  return one.p50 === other.p50 ? one.p99 > other.p99 : one.p50 > other.p50
}

/** How full the buffer of a node is: 1 is its high-water mark. `undefined`: it has none. */
export function fillOf({ buffer }: NodeReport): number | undefined {
  if (buffer === undefined) return undefined
  return buffer.highWaterMark === 0 ? 0 : buffer.used / buffer.highWaterMark
}

/** A buffer that is as full as this is called full: its hold may just have been released. */
export const full = 0.95

/** The node that a hold is of: it bears the hold's name, alone or with what it waits for after a colon. */
export function holderOf({ nodes }: PipelineReport, hold: string): NodeReport | undefined {
  const names = (node: NodeReport): string[] => [node.name, node.id, `${node.operator} ${node.name}`]
  return (
    nodes.find((node) => names(node).includes(hold)) ??
    nodes.find((node) => names(node).some((name) => hold.startsWith(`${name}: `)))
  )
}
