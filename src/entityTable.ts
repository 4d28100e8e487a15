import { WallarxError, shown, type Where } from './errors.ts'
import { createKeyIndex, type KeyIndex } from './keyIndex.ts'
import { invalidKey, keyOf, toHalves, writeKey, type Key, type KeyFunction } from './key.ts'

/**
 * The entities of one state partition, by key. A lookup allocates nothing. Entity beyond its state: 8 bytes of state
 * reference and 8 of key, each in a column that grows by doubling, and 16 to 32 of index (4 to 8 for small integer keys).
 */
export interface EntityTable<State> {
  readonly name: string
  readonly size: number
  /** States by slot. A slot belongs to one key until `evict`. */
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
  /** Whether the store has the entity, or `noteStored` was called for it. */
  isStored(slot: number): boolean
  noteStored(slot: number): void
  /**
   * Lets entities go until `cache` are left, first those that were not used since the last call; tells `forget` their keys.
   * Gives slots anew: to be called only when nothing has changed since `takeChanged` and no message is on its way.
   */
  evict(forget: (low: number, high: number) => void): void
  /** The halves of a slot's key. */
  low(slot: number): number
  high(slot: number): number
  /** Every key, oldest entity first. */
  keys(): IterableIterator<bigint>
}

/** Entities that are kept elsewhere and come back on use. */
export interface StoredEntities<State> {
  /** The state of an entity, `undefined` where there is none; `migrated` when it must be written again. */
  load(low: number, high: number): { readonly state: State; readonly migrated: boolean } | undefined
  /** Twice as many entities as `cache` says are in memory: they should be written and let go soon. */
  crowded(): void
}

export interface EntityTableOptions<State> {
  readonly name: string
  readonly build: () => State
  /** The only keys there are; absent: an entity is made on first use. */
  readonly keys?: Iterable<Key> | undefined
  /** Absent: entities are in memory only, and what has changed is not followed. */
  readonly stored?: StoredEntities<State> | undefined
  /** How many entities stay in memory, where they are stored. Default: all */
  readonly cache?: number | undefined
}

// What is noted of an entity.
const isChanged = 1
const isStored = 2
const isUsed = 4

export function createEntityTable<State>({
  name,
  build,
  keys,
  stored,
  cache = Infinity,
}: EntityTableOptions<State>): EntityTable<State> {
  let index = createKeyIndex()
  let allowed: KeyIndex | undefined // the keys there are, where entities come into memory on use only
  const states: State[] = []
  const halves = new Uint32Array(2)
  const where: Where = { partition: name }
  const bounded = stored !== undefined && cache < Infinity
  let open = true // may any key be added?
  let notes = new Uint8Array(stored === undefined ? 0 : 64) // by slot
  let changedSlots: number[] = []

  const noteChanged = (slot: number): void => {
    if ((notes[slot]! & isChanged) !== 0) return
    notes[slot]! |= isChanged
    changedSlots.push(slot)
  }

  const slotOf = (low: number, high: number): number => {
    const slot = index.find(low, high)
    if (slot < 0) return add(low, high)
    if (bounded) notes[slot]! |= isUsed
    return slot
  }

  const add = (low: number, high: number): number => {
    if (!open && (allowed === undefined || allowed.find(low, high) < 0)) {
      throw new WallarxError('KEY_NOT_IN_PARTITION', {
        expected: `one of the ${(allowed ?? index).size} keys of the state partition`,
        got: shown(keyOf(low, high)),
        where: { ...where, key: keyOf(low, high) },
      })
    }
    if (stored === undefined) {
      states.push(built(low, high))
      return index.add(low, high)
    }
    const found = stored.load(low, high)
    states.push(found === undefined ? built(low, high) : found.state)
    const slot = index.add(low, high)
    if (slot === notes.length) {
      const longer = new Uint8Array(2 * slot)
      longer.set(notes)
      notes = longer
    }
    notes[slot] = isUsed | (found === undefined ? 0 : isStored)
    if (found?.migrated === true) noteChanged(slot)
    if (states.length > 2 * cache) stored.crowded()
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
    if (stored === undefined) {
      for (const key of keys) slot(key)
    } else {
      allowed = createKeyIndex()
      for (const key of keys) {
        if (!toHalves(key, halves)) throw invalidKey(key, 'the key', where)
        if (allowed.find(halves[0]! | 0, halves[1]! | 0) < 0) allowed.add(halves[0]! | 0, halves[1]! | 0)
      }
    }
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
      for (const slot of taken) notes[slot]! &= ~isChanged
      return taken
    },
    isStored: (slot) => (notes[slot]! & isStored) !== 0,
    noteStored(slot) {
      notes[slot]! |= isStored
    },
    evict(forget) {
      if (!bounded) return
      if (states.length <= cache) {
        for (let slot = 0; slot < states.length; slot++) notes[slot]! &= ~isUsed
        return
      }
      const before = { index, states: states.slice(), notes }
      index = createKeyIndex()
      notes = new Uint8Array(Math.max(64, before.notes.length))
      states.length = 0
      const keep = (slot: number): void => {
        states.push(before.states[slot]!)
        notes[index.add(before.index.low(slot), before.index.high(slot))] = before.notes[slot]! & isStored
      }
      let used = 0
      for (let slot = 0; slot < before.states.length; slot++) if ((before.notes[slot]! & isUsed) !== 0) used++
      let unusedKept = Math.max(0, cache - used)
      let usedKept = Math.min(used, cache)
      for (let slot = 0; slot < before.states.length; slot++) {
        if ((before.notes[slot]! & isUsed) !== 0 ? usedKept-- > 0 : unusedKept-- > 0) keep(slot)
        else forget(before.index.low(slot), before.index.high(slot))
      }
    },
    low: (slot) => index.low(slot),
    high: (slot) => index.high(slot),
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
