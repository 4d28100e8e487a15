import type { ExchangeStep } from '../../state/exchange.ts'

/** What a step knows of time in one shard. */
export interface StepClock {
  readonly partition: string
  readonly shard: number
  readonly step: string
  readonly clock: Uint8Array
}

/** Which shards are here, and what the steps that use their state partitions know of time in them. */
export interface StepClocks {
  /** The state of a shard is here, with what steps know of time in it. */
  readonly open: (partition: string, shard: number, clockOf: (step: string) => Uint8Array | undefined) => void
  /** It is about to go. */
  readonly rest: (partition: string, shard: number) => void
  /** It is gone. */
  readonly close: (partition: string, shard: number) => void
  /** What is known of time, where that is more than at the last call. */
  readonly takeClocks: () => StepClock[]
  /** A step can take messages. */
  joined(id: string, step: ExchangeStep<never>): void
  left(id: string, step: ExchangeStep<never>): void
}

/** `steps`: those that are there, by their ids. */
export function createStepClocks(steps: ReadonlyMap<string, ExchangeStep<never>>): StepClocks {
  /** By state partition. */
  const present = new Map<string, Set<number>>()
  /** What steps that have left knew, by their ids: their successors go on with it. */
  const kept = new Map<string, StepClock[]>()
  let ofLeft: StepClock[] = []

  const clocksOf = (id: string, { partition, shards }: ExchangeStep<never>, all?: boolean): StepClock[] => {
    const found: StepClock[] = []
    shards?.clocks((shard, clock) => found.push({ partition, shard, step: id, clock }), all)
    return found
  }

  const stepsOf = (of: string): [string, ExchangeStep<never>][] =>
    [...steps].filter(([, { partition }]) => partition === of)

  return {
    open(partition, shard, clockOf) {
      present.set(partition, (present.get(partition) ?? new Set<number>()).add(shard))
      for (const [id, step] of stepsOf(partition)) step.shards?.open(shard, clockOf(id))
    },
    rest(partition, shard) {
      for (const [, step] of stepsOf(partition)) step.shards?.rest(shard)
    },
    close(partition, shard) {
      present.get(partition)?.delete(shard)
      for (const [, step] of stepsOf(partition)) step.shards?.close(shard)
    },
    takeClocks() {
      const taken = [...ofLeft, ...[...steps].flatMap(([id, step]) => clocksOf(id, step))]
      ofLeft = []
      return taken
    },
    joined(id, step) {
      for (const shard of present.get(step.partition) ?? []) {
        step.shards?.open(shard, kept.get(id)?.find((one) => one.shard === shard)?.clock)
      }
      kept.delete(id)
    },
    left(id, step) {
      ofLeft.push(...clocksOf(id, step))
      kept.set(id, clocksOf(id, step, true))
    },
  }
}
