import type { Context } from '../context.ts'
import { createEntities } from '../entities.ts'
import type { EntityTable } from '../entityTable.ts'
import { inUse, openUnder, type StatePartition } from '../statePartition.ts'
import type { RunStatus } from './contract.ts'

/** The state partitions a run has open. */
export interface RunPartitions {
  readonly entities: Context['entities']
  status(): RunStatus['partitions']
  /** Gives the state partitions free for others. */
  close(): void
}

export function createRunPartitions(run: string): RunPartitions {
  const entities = createEntities()
  const mine = new Map<StatePartition<never, unknown>, EntityTable<unknown>>()
  return {
    entities<State>(partition: StatePartition<never, State>) {
      const asKnown = partition as StatePartition<never, unknown>
      if (partition[openUnder] !== undefined && !mine.has(asKnown)) throw inUse(asKnown)
      const table = entities.of(partition)
      partition[openUnder] = run
      mine.set(asKnown, table)
      return table
    },
    status: () => Object.fromEntries([...mine.values()].map(({ name, size }) => [name, { entities: size }])),
    close() {
      for (const partition of mine.keys()) partition[openUnder] = undefined
    },
  }
}
