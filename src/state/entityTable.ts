import type { Where } from '../base/errors.ts'
import { createEntityNotes } from './table/entityNotes.ts'
import { createKeyIndex, type KeyIndex } from './table/keyIndex.ts'
import { invalidKey, keyOf, toHalves, type Key } from '../key/key.ts'
import { buildFailed, notInPartition } from './table/failures.ts'
import type { EntityTableOptions, StoredEntities } from './table/storedEntities.ts'
import { createTableTimers, type TableTimers } from './timers/tableTimers.ts'

/**
 * The entities of one state partition, by key. A lookup allocates nothing. Entity beyond its state: 8 bytes of state
 * reference and 8 of key, in columns that grow by doubling, and 16 to 32 of index (4 to 8 for small integer keys).
 */
export interface EntityTable<State> {
  readonly name: string
  readonly size: number
  /** States by slot. A slot belongs to one key until `evict` or `remove`. */
  readonly states: State[]
  /**
   * The slot of a key; makes the entity where the key set is open. Throws `KEY_INVALID`, `KEY_NOT_IN_PARTITION` and
   * `BUILD_FAILED`.
   */
  slot(key: Key): number
  /** The slot of the key with these signed halves (see `KeyIndex`), otherwise as `slot`. */
  readonly slotOf: (low: number, high: number) => number
  /** The state of a key, if there is such an entity. */
  readonly get: (key: Key) => State | undefined
  /** The slot of an entity, which comes into memory; -1 where there is none. */
  readonly find: (low: number, high: number) => number
  /** Whether an entity was removed that the store still has. */
  isRemoved(key: bigint): boolean
  /** The entity is gone, with its timers, as if it had never been. */
  remove(slot: number): void
  /** As `remove`, but the entity is made anew, and keeps the slot. */
  renew(slot: number): void
  /** The timers of the entities. From the first call on they come into memory with them. */
  timers(): TableTimers
  /** Whether `timers` was called. */
  readonly hasTimers: boolean
  /** Whether the entities are kept in a store. */
  readonly persistent: boolean
  /** Notes that the entity has changed. */
  readonly changed: (slot: number) => void
  /** The slots of entities that have changed since the last call. */
  takeChanged(): number[]
  /** Calls back with the key of each entity that was removed since the last call, and that the store has. */
  takeRemoved(visit: (low: number, high: number) => void): void
  /** Whether the store has the entity, or `noteStored` was called for it. */
  isStored(slot: number): boolean
  noteStored(slot: number): void
  /**
   * Lets entities go until `cache` are left, first those that were not used since the last call; tells `forget` their
   * keys. Gives slots anew: to be called only when nothing is in flight or has changed since `takeChanged`.
   */
  evict(forget: Forget): void
  /** Lets go of the entities whose keys `is` says, otherwise as `evict`. */
  drop(is: (low: number, high: number) => boolean, forget: Forget): void
  /** The halves of a slot's key. */
  low(slot: number): number
  high(slot: number): number
  /** Every key, oldest entity first. */
  keys(): IterableIterator<bigint>
}

/** Gets the halves of the key of an entity that leaves memory. */
type Forget = (low: number, high: number) => void

export function createEntityTable<State>({
  name,
  build,
  keys,
  stored,
  cache = Infinity,
}: EntityTableOptions<State>): EntityTable<State> {
  let index = createKeyIndex()
  let allowed: KeyIndex | undefined // the keys there are, where entities come into memory on use only
  let open = true // may any key be added?
  const states: State[] = []
  const halves = new Uint32Array(2)
  const where: Where = { partition: name }
  const notes = createEntityNotes()
  let timers: TableTimers | undefined
  let removed = createKeyIndex() // what the store still has, though it is gone
  const bounded = stored !== undefined && cache < Infinity

  const slotOf = (low: number, high: number): number => {
    const slot = index.find(low, high)
    if (slot < 0) return add(low, high)
    if (bounded) notes.used(slot)
    return slot
  }

  const add = (low: number, high: number): number => {
    if (!open && (allowed === undefined || allowed.find(low, high) < 0)) {
      throw notInPartition(name, keyOf(low, high), (allowed ?? index).size)
    }
    const found = load(low, high)
    return put(low, high, found?.state ?? built(low, high), found)
  }

  const load = (low: number, high: number): ReturnType<StoredEntities<State>['load']> =>
    stored === undefined || (removed.size > 0 && removed.find(low, high) >= 0) ? undefined : stored.load(low, high)

  const put = (low: number, high: number, state: State, found: ReturnType<typeof load>): number => {
    const slot = index.add(low, high)
    states[slot] = state
    if (stored === undefined) return slot
    notes.add(slot, found !== undefined)
    if (found !== undefined) timers?.load(slot)
    if (found?.migrated === true) notes.changed(slot)
    if (states.length > 2 * cache) stored.overCapacity()
    return slot
  }

  const find = (low: number, high: number): number => {
    const slot = index.find(low, high)
    if (slot >= 0) return slot
    const found = load(low, high)
    return found === undefined ? -1 : put(low, high, found.state, found)
  }

  /** The timers of an entity, and what the store has of it, are nothing any more. */
  const forgetEntity = (slot: number): void => {
    timers?.clearAll(slot)
    if (stored === undefined || !notes.isStored(slot)) return
    const low = index.low(slot)
    const high = index.high(slot)
    if (removed.find(low, high) < 0) removed.add(low, high)
  }

  const renew = (slot: number): void => {
    forgetEntity(slot)
    states[slot] = built(index.low(slot), index.high(slot))
    if (stored === undefined) return
    notes.remove(slot)
    notes.add(slot, false)
  }

  /** Otherwise the slot is free. */
  const isLive = (slot: number): boolean => index.find(index.low(slot), index.high(slot)) === slot

  const built = (low: number, high: number): State => {
    try {
      return build()
    } catch (cause) {
      throw buildFailed(name, keyOf(low, high), cause)
    }
  }

  /** Gives slots anew: 0, 1, 2, … to these, in order. */
  const keep = (slots: readonly number[], forget: Forget): void => {
    const before = { index, states: states.slice() }
    timers?.keep(slots)
    index = createKeyIndex()
    states.length = 0
    for (let slot = 0; slot < before.states.length; slot++) {
      const [low, high] = [before.index.low(slot), before.index.high(slot)]
      if (slots[states.length] !== slot) {
        if (before.index.find(low, high) === slot) forget(low, high) // otherwise it is free
        continue
      }
      states.push(before.states[slot]!)
      index.add(low, high)
    }
    notes.keep(slots)
  }

  /** The key's low half; the high one is in `halves` then. */
  const split = (key: Key): number => {
    if (!toHalves(key, halves)) throw invalidKey(key, 'the key', where)
    return halves[0]! | 0
  }

  const slot = (key: Key): number => slotOf(split(key), halves[1]! | 0)

  if (keys !== undefined) {
    if (stored === undefined) {
      for (const key of keys) slot(key)
    } else {
      allowed = createKeyIndex()
      for (const key of keys) {
        const low = split(key)
        if (allowed.find(low, halves[1]! | 0) < 0) allowed.add(low, halves[1]! | 0)
      }
    }
    open = false
  }

  return {
    name,
    get size() {
      return index.size
    },
    states,
    slot,
    slotOf,
    find,
    isRemoved(key) {
      if (removed.size === 0) return false
      const low = split(key)
      const high = halves[1]! | 0
      return removed.find(low, high) >= 0 && index.find(low, high) < 0
    },
    renew,
    remove(slot) {
      if (!open && allowed === undefined) {
        renew(slot) // of a closed key set each is always there
        return
      }
      forgetEntity(slot)
      if (stored !== undefined) notes.remove(slot)
      index.remove(slot)
      states[slot] = undefined as State
    },
    timers() {
      if (timers !== undefined) return timers
      timers = createTableTimers({ find, index: () => index, stored: stored?.timers })
      for (let slot = 0; slot < states.length; slot++) if (stored !== undefined && isLive(slot)) timers.load(slot)
      return timers
    },
    get hasTimers() {
      return timers !== undefined
    },
    get(key) {
      const slot = index.find(split(key), halves[1]! | 0)
      return slot < 0 ? undefined : states[slot]
    },
    persistent: stored !== undefined,
    changed: stored === undefined ? () => undefined : notes.changed,
    takeChanged: notes.takeChanged,
    takeRemoved(visit) {
      for (let at = 0; at < removed.size; at++) visit(removed.low(at), removed.high(at))
      removed = createKeyIndex()
    },
    isStored: notes.isStored,
    noteStored: notes.stored,
    evict(forget) {
      const kept = bounded ? notes.toKeep(states.length, cache) : undefined
      if (kept !== undefined) keep(kept, forget)
    },
    drop(is, forget) {
      const kept: number[] = []
      for (let slot = 0; slot < states.length; slot++)
        if (isLive(slot) && !is(index.low(slot), index.high(slot))) kept.push(slot)
      keep(kept, forget)
    },
    low: (slot) => index.low(slot),
    high: (slot) => index.high(slot),
    *keys() {
      for (let at = 0; at < states.length; at++) if (isLive(at)) yield keyOf(index.low(at), index.high(at))
    },
  }
}
