import { MeasuredNode, type NodeOptions } from './node.ts'

/** The nodes of a pipeline, found again by what they are made of, and what leads to what. */
export interface Graph {
  /** In the order in which they were first begun: what is downstream comes first. */
  readonly nodes: readonly MeasuredNode[]
  /**
   * Those of a step, or source: several where a step writes to several sinks. One that is not known, and is like one
   * that is, is that one: once everything is subscribed to, or there are `most`. So what is made anew for each message
   * (in a `mergeMap`) is one step.
   */
  find(identity: object, below: readonly MeasuredNode[], wanted: readonly Omit<NodeOptions, 'id'>[]): MeasuredNode[]
  link(from: readonly MeasuredNode[], to: readonly MeasuredNode[]): void
  /** The same with a step or source that may begin later. */
  linkFrom(identity: object, to: readonly MeasuredNode[]): void
  /** Everything is subscribed to. */
  readonly begun: () => void
  edges(): { from: string; to: string }[]
  /** Those that nothing of ours leads to. */
  first(): MeasuredNode[]
}

const most = 8

export function createGraph(): Graph {
  const nodes: MeasuredNode[] = []
  const ids = new Set<string>()
  const known = new WeakMap<object, MeasuredNode[]>()
  const alike = new Map<string, MeasuredNode[][]>()
  const waiting = new WeakMap<object, Set<MeasuredNode>>()
  let hasBegun = false

  const idFor = (name: string): string => {
    let id = name
    for (let number = 2; ids.has(id); number++) id = `${name} ${number}`
    ids.add(id)
    return id
  }

  const link = (from: readonly MeasuredNode[], to: readonly MeasuredNode[]): void => {
    for (const one of from) for (const other of to) if (one !== other) one.to.add(other)
  }

  const make = (wanted: readonly Omit<NodeOptions, 'id'>[]): MeasuredNode[] => {
    const made: MeasuredNode[] = []
    for (const options of wanted) {
      made.push(new MeasuredNode({ ...options, id: idFor(options.name) }, made[0]?.durations))
    }
    nodes.push(...made)
    return made
  }

  return {
    nodes,
    find(identity, below, wanted) {
      const found = known.get(identity)
      if (found !== undefined) return found
      const kind = JSON.stringify([wanted, below.map(({ options }) => options.id)])
      const others = alike.get(kind) ?? []
      alike.set(kind, others)
      const is = (hasBegun || others.length >= most ? others[0] : undefined) ?? make(wanted)
      if (!others.includes(is)) others.push(is)
      known.set(identity, is)
      link(is, [...(waiting.get(identity) ?? [])])
      waiting.delete(identity)
      return is
    },
    link,
    linkFrom(identity, to) {
      const from = known.get(identity)
      if (from !== undefined) link(from, to)
      else waiting.set(identity, new Set([...(waiting.get(identity) ?? []), ...to]))
    },
    begun() {
      hasBegun = true
    },
    edges: () =>
      nodes
        .toReversed()
        .flatMap((node) => [...node.to].map((next) => ({ from: node.options.id, to: next.options.id }))),
    first() {
      const reached = new Set(nodes.flatMap(({ to }) => [...to]))
      return nodes.filter((node) => !reached.has(node))
    },
  }
}

/** The sinks that the messages of a node lead to, as far as is known now. */
export function sinksBelow(node: MeasuredNode): MeasuredNode[] {
  const seen = new Set([node])
  for (const one of seen) for (const next of one.to) seen.add(next) // those that are added come later
  return [...seen].filter(({ options }) => options.kind === 'sink')
}
