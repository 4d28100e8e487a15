import { createEntityTable, type EntityTable } from './entityTable.ts'
import type { StoredEntities } from './table/storedEntities.ts'
import { WallarxError } from '../base/errors.ts'
import type { Exchange } from './exchange.ts'
import type { StatePartition } from './statePartition.ts'

/** The entity tables of one context or one `run`, made on first use, by the name of their state partition. */
export interface Entities {
  /**
   * The entities of a state partition. Throws `STATE_PARTITION_DUPLICATE` when another one of this name is there, and
   * what making one throws (`KEY_INVALID`, `BUILD_FAILED`); in a context also `STATE_PARTITION_IN_USE`.
   */
  of<State>(partition: StatePartition<never, State>): EntityTable<State>
  /** Absent: all entities are here. */
  readonly exchange?: Exchange | undefined
}

export function createEntities(
  storedOf: <State>(partition: StatePartition<never, State>) => StoredEntities<State> | undefined = () => undefined,
): Entities {
  const tables = new Map<string, { partition: StatePartition<never, unknown>; table: EntityTable<unknown> }>()
  return {
    of<State>(partition: StatePartition<never, State>) {
      const known = tables.get(partition.name)
      if (known === undefined) {
        const table = createEntityTable({ ...partition, stored: storedOf(partition) })
        tables.set(partition.name, { partition, table })
        return table
      }
      if (known.partition !== (partition as StatePartition<never, unknown>)) {
        throw new WallarxError('STATE_PARTITION_DUPLICATE', {
          expected: 'one state partition of this name, shared by all who use it',
          got: 'a second one',
          where: { partition: partition.name },
        })
      }
      return known.table as EntityTable<State>
    },
  }
}
