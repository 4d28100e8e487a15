import { WallarxError, shown, type Where } from './errors.ts'
import { createKeyIndex } from './keyIndex.ts'
import { invalidKey, keyOf, toHalves, writeKey, type Key, type KeyFunction } from './key.ts'

/**
 * The entities of one state partition, by key. A lookup allocates nothing. Entity beyond its state: 8 bytes of state
 * reference and 8 of key, each in a column that grows by doubling, and 16 to 32 of index (4 to 8 for small integer keys).
 */
export interface EntityTable<State> {
  readonly name: string
  readonly size: number
  /** States by slot. A slot belongs to one key as long as the table lives. */
  readonly states: State[]
  /**
   * The slot of a key; makes the entity where the key set is open. Throws `KEY_INVALID`, `KEY_NOT_IN_PARTITION` and
   * `BUILD_FAILED`.
   */
  slot(key: Key): number
  /** The slot of the key with these signed halves (see `KeyIndex`), otherwise as `slot`. */
  slotOf(low: number, high: number): number
  /** The state of a key, if there is such an entity. */
  get(key: Key): State | undefined
  /** Whether the entities are kept in a store. */
  readonly kept: boolean
  /** Notes that the entity has changed. */
  readonly changed: (slot: number) => void
  /** The slots of entities that have changed since the last call. */
  takeChanged(): number[]
  /** The halves of a slot's key. */
  low(slot: number): number
  high(slot: number): number
  /** Every key, oldest entity first. */
  keys(): IterableIterator<bigint>
}

/** Entities that are kept elsewhere and come back on use. */
export interface StoredEntities<State> {
  /** The state of an entity, `undefined` where there is none; `migrated` when it must be written again. */
  load(low: number, high: number, slot: number): { readonly state: State; readonly migrated: boolean } | undefined
}

export interface EntityTableOptions<State> {
  readonly name: string
  readonly build: () => State
  /** The only keys there are; absent: an entity is made on first use. */
  readonly keys?: Iterable<Key> | undefined
  /** Absent: entities are in memory only, and what has changed is not followed. */
  readonly stored?: StoredEntities<State> | undefined
}

export function createEntityTable<State>({ name, build, keys, stored }: EntityTableOptions<State>): EntityTable<State> {
  const index = createKeyIndex()
  const states: State[] = []
  const halves = new Uint32Array(2)
  const where: Where = { partition: name }
  let open = true // may a key be added?
  let isChanged = new Uint8Array(stored === undefined ? 0 : 64) // by slot
  let changedSlots: number[] = []

  const noteChanged = (slot: number): void => {
    if (slot >= isChanged.length) {
      const longer = new Uint8Array(2 ** Math.ceil(Math.log2(slot + 1)))
      longer.set(isChanged)
      isChanged = longer
    }
    if (isChanged[slot] === 1) return
    isChanged[slot] = 1
    changedSlots.push(slot)
  }

  const slotOf = (low: number, high: number): number => {
    const slot = index.find(low, high)
    return slot < 0 ? add(low, high) : slot
  }

  const add = (low: number, high: number): number => {
    if (!open) {
      throw new WallarxError('KEY_NOT_IN_PARTITION', {
        expected: `one of the ${states.length} keys of the state partition`,
        got: shown(keyOf(low, high)),
        where: { ...where, key: keyOf(low, high) },
      })
    }
    const found = stored?.load(low, high, states.length)
    states.push(found === undefined ? built(low, high) : found.state)
    const slot = index.add(low, high)
    if (found?.migrated === true) noteChanged(slot)
    return slot
  }

  const built = (low: number, high: number): State => {
    try {
      return build()
    } catch (cause) {
      const key = keyOf(low, high)
      throw new WallarxError('BUILD_FAILED', {
        expected: 'build to make the state of a new entity',
        got: shown(cause),
        where: { ...where, key },
        cause,
      })
    }
  }

  const slot = (key: Key): number => {
    if (!toHalves(key, halves)) throw invalidKey(key, 'the key', where)
    return slotOf(halves[0]! | 0, halves[1]! | 0)
  }

  if (keys !== undefined) {
    for (const key of keys) slot(key)
    open = false
  }

  return {
    name,
    get size() {
      return states.length
    },
    states,
    slot,
    slotOf,
    get(key) {
      if (!toHalves(key, halves)) throw invalidKey(key, 'the key', where)
      const slot = index.find(halves[0]! | 0, halves[1]! | 0)
      return slot < 0 ? undefined : states[slot]
    },
    kept: stored !== undefined,
    changed: stored === undefined ? () => undefined : noteChanged,
    takeChanged() {
      const taken = changedSlots
      changedSlots = []
      for (const slot of taken) isChanged[slot] = 0
      return taken
    },
    low: index.low,
    high: index.high,
    *keys() {
      for (let at = 0; at < states.length; at++) yield keyOf(index.low(at), index.high(at))
    },
  }
}

/**
 * How to find the slot of a message's entity. Throws `KEY_FUNCTION_FAILED` with the function's own error as cause, and what
 * `EntityTable.slot` throws.
 */
export function slotFinder<In>(entities: EntityTable<unknown>, key: KeyFunction<In>): (message: In) => number {
  const failed = (cause: unknown, message: In): WallarxError =>
    new WallarxError('KEY_FUNCTION_FAILED', {
      expected: `the key function to find a key in ${shown(message)}`,
      got: shown(cause),
      where: { partition: entities.name },
      cause,
    })
  const halves = new Uint32Array(2)
  const write = key[writeKey]
  if (write !== undefined) {
    return (message) => {
      try {
        write(message, halves)
      } catch (cause) {
        throw failed(cause, message)
      }
      return entities.slotOf(halves[0]! | 0, halves[1]! | 0)
    }
  }
  return (message) => {
    let found: Key
    try {
      found = key(message)
    } catch (cause) {
      throw failed(cause, message)
    }
    // A number of 32 bits is its own low half.
    if (typeof found === 'number' && found === found >>> 0) return entities.slotOf(found | 0, 0)
    if (!toHalves(found, halves)) {
      throw invalidKey(found, `the key of ${shown(message)}`, { partition: entities.name })
    }
    return entities.slotOf(halves[0]! | 0, halves[1]! | 0)
  }
}
