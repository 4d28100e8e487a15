import { createEntityTable, type EntityTable } from './entityTable.ts'
import type { StoredEntities } from './table/storedEntities.ts'
import { WallarxError } from '../base/errors.ts'
import type { Exchange } from './exchange.ts'
import type { Key } from '../key/key.ts'
import type { StatePartition } from './statePartition.ts'

/** The entity tables of one context or one `run`, made on first use, by the name of their state partition. */
export interface Entities {
  /**
   * The entities of a state partition. Throws `STATE_PARTITION_DUPLICATE` when another one of this name is there, and
   * what making one throws (`KEY_INVALID`, `BUILD_FAILED`); in a context also `STATE_PARTITION_IN_USE`.
   */
  of<State>(partition: StatePartition<never, State>): EntityTable<State>
  /**
   * Gives the table of each shard: the entities of a state partition whose steps live by time are in several, and never
   * in one. Throws as `of`. Absent where all entities are here.
   */
  ofShards?<State>(partition: StatePartition<never, State>): ShardEntities<State>
  /** Absent: all entities are here. */
  readonly exchange?: Exchange | undefined
}

/** The entities of a state partition in a table for each shard. */
export interface ShardEntities<State> {
  readonly of: (shard: number) => EntityTable<State>
  /** The state of an entity that is in memory. */
  readonly get: (key: Key) => State | undefined
}

export function createEntities(
  storedOf: <State>(partition: StatePartition<never, State>) => StoredEntities<State> | undefined = () => undefined,
): Entities & { claim(partition: StatePartition<never, unknown>): void } {
  const known = new Map<string, StatePartition<never, unknown>>()
  const tables = new Map<string, EntityTable<unknown>>()
  /** Throws where another one has the name. */
  const claim = (partition: StatePartition<never, unknown>): void => {
    const { name } = partition
    if (known.has(name) && known.get(name) !== partition) {
      throw new WallarxError('STATE_PARTITION_DUPLICATE', {
        expected: 'one state partition of this name, shared by all who use it',
        got: 'a second one',
        where: { partition: name },
      })
    }
    known.set(name, partition)
  }
  return {
    claim,
    of<State>(partition: StatePartition<never, State>) {
      claim(partition)
      let table = tables.get(partition.name) as EntityTable<State> | undefined
      if (table === undefined) {
        table = createEntityTable({ ...partition, stored: storedOf(partition) })
        tables.set(partition.name, table)
      }
      return table
    },
  }
}
