import type { Clock } from '../../base/clock.ts'
import type { Meter, NodeMeter, SourceBeginning, StepBeginning } from '../../context/meter.ts'
import { createDurations, type Durations } from '../statistics/durations.ts'
import type { EntityUse } from './entityUse.ts'
import { createGraph, type Graph } from './graph.ts'
import { MeasuredSink, type MeasuredNode, type NodeOptions } from './node.ts'
import { createPassing } from './passing.ts'
import { MeasuredSource } from './sourceMeter.ts'
import { MeasuredStep } from './stepMeter.ts'
import { createRates, type Rates } from '../statistics/throughput.ts'

/** What is measured of one pipeline, from one life of a worker to the next. */
export interface PipelineMeter extends Meter {
  readonly graph: Graph
  /** From a source's handing a chunk over to a sink's taking what came of it. */
  readonly latency: Durations
  readonly rates: Rates
  tick(seconds: number): void
}

export interface PipelineMeterOptions {
  readonly clock: Clock
  /** Of a state partition, whichever pipeline uses it. */
  readonly entityUse: (partition: string) => EntityUse
  readonly addJournal: Meter['addJournal']
  /** A source is subscribed to; may make the meter do more. */
  readonly sourceAdded?: (meter: MeasuredSource, node: MeasuredNode) => void
}

export function createPipelineMeter(options: PipelineMeterOptions): PipelineMeter {
  const { clock, entityUse, addJournal, sourceAdded } = options
  const graph = createGraph()
  const latency = createDurations()
  const rates = createRates()
  const nodesOf = new WeakMap<NodeMeter, readonly MeasuredNode[]>()
  const sinks = new Set<MeasuredStep>()
  let fanOut = 1 // messages that a sink gets of one chunk, on average
  // Not always the first of a chunk: the others wait longer for their turn.
  const passing = createPassing(latency, () => {
    for (const sink of sinks) sink.want(fanOut)
  })
  const below = (meter: NodeMeter | undefined): readonly MeasuredNode[] => (meter && nodesOf.get(meter)) ?? []

  const lead = (nodes: readonly MeasuredNode[], meter: NodeMeter | undefined): void => {
    graph.link(nodes, below(meter))
    if (meter instanceof MeasuredStep) meter.isFirst = false
  }

  const begin = (step: StepBeginning): MeasuredStep => {
    const { partition } = step
    const nodes = graph.find(step.step, below(step.below), nodesFor(step))
    const written = nodes.flatMap(({ options }) => options.sink ?? [])
    const meter: MeasuredStep = new MeasuredStep({
      clock,
      durations: nodes[0]!.durations,
      passing,
      below: step.below,
      direct: step.direct,
      flow: step.flow,
      sinks: written,
      entityUse: partition === undefined ? undefined : entityUse(partition),
      ended() {
        for (const node of nodes) node.endStep(meter)
        sinks.delete(meter)
      },
    })
    for (const node of nodes) node.steps.add(meter)
    if (written.length > 0) sinks.add(meter)
    nodesOf.set(meter, nodes)
    lead(nodes, step.below)
    if (step.upstream !== undefined) {
      meter.isFirst = false
      graph.linkFrom(step.upstream, nodes)
    }
    return meter
  }

  const addSource = ({ source, name, kind, below: next, direct }: SourceBeginning): MeasuredSource => {
    const nodes = graph.find(source, below(next), [{ name, kind: 'source', operator: kind }])
    const counting = direct && next instanceof MeasuredStep ? next : undefined
    const before = counting?.arrived ?? 0
    const entered = (): number | undefined => counting && counting.arrived - before
    const meter: MeasuredSource = new MeasuredSource(clock, passing, entered, () => {
      nodes[0]!.endSource(meter)
    })
    nodes[0]!.sources.add(meter)
    nodesOf.set(meter, nodes)
    lead(nodes, next)
    sourceAdded?.(meter, nodes[0]!)
    return meter
  }

  const meterAbove = (above: NodeMeter | undefined): Meter => ({
    begin: (step) => begin({ ...step, below: step.below ?? above }),
    addSource: (source) => addSource({ ...source, below: source.below ?? above }),
    above: meterAbove,
    begun: graph.begun,
    addJournal,
  })

  return {
    ...meterAbove(undefined),
    graph,
    latency,
    rates,
    tick(seconds) {
      const first = graph.first()
      for (const node of graph.nodes) node.tick(seconds)
      const total = (of: (node: MeasuredNode) => number): number => first.reduce((sum, node) => sum + of(node), 0)
      rates.tick(
        total((node) => node.messages),
        seconds,
      )
      const entered = total((node) => node.in)
      const arrived = Math.max(0, ...[...sinks].map((sink) => sink.in))
      fanOut = entered === 0 ? 1 : Math.max(1, Math.round(arrived / entered))
    },
  }
}

/** A step is one node; one that writes to sinks is as many as these. */
function nodesFor({ name, operator, partition, sinks }: StepBeginning): Omit<NodeOptions, 'id'>[] {
  if (sinks === undefined) return [{ name, kind: 'step', operator, ...(partition !== undefined && { partition }) }]
  return sinks.map((sink) => ({
    name: sink.name,
    kind: 'sink',
    operator: sink.kind ?? 'sink',
    sink: new MeasuredSink(),
  }))
}
