import type { Where } from '../base/errors.ts'
import { createEntityNotes } from './table/entityNotes.ts'
import { createKeyIndex, type KeyIndex } from './table/keyIndex.ts'
import { invalidKey, keyOf, toHalves, type Key } from '../key/key.ts'
import { buildFailed, notInPartition } from './table/failures.ts'
import { renumbered } from './table/renumbered.ts'
import type { EntityTableOptions, StoredEntities } from './table/storedEntities.ts'
import { TableTimers } from './timers/tableTimers.ts'

/** Gets the halves of the key of an entity that leaves memory. */
type Forget = (low: number, high: number) => void

type Found<State> = ReturnType<StoredEntities<State>['load']>

/**
 * The entities of one state partition, by key. A lookup allocates nothing. Entity beyond its state: 8 bytes of state
 * reference and 8 of key, in columns that grow by doubling, and 16 to 32 of index (4 to 8 for small integer keys).
 */
export class EntityTable<State> {
  readonly name: string
  /** States by slot. A slot belongs to one key until `evict` or `remove`. */
  readonly states: State[] = []
  /** Whether the entities are kept in a store. */
  readonly persistent: boolean
  /** Notes that the entity has changed. */
  readonly changed: (slot: number) => void
  readonly #notes = createEntityNotes()
  /** The slots of entities that have changed since the last call. */
  readonly takeChanged = this.#notes.takeChanged
  /** Whether the store has the entity, or `noteStored` was called for it. */
  readonly isStored = this.#notes.isStored
  readonly noteStored = this.#notes.stored
  #index = createKeyIndex()
  readonly #bounded: boolean
  readonly #build: () => State
  readonly #stored: StoredEntities<State> | undefined
  readonly #cache: number
  /** May any key be added? */
  #open = true
  /** The keys there are, where entities come into memory on use only. */
  #allowed: KeyIndex | undefined
  /** What the store still has, though it is gone. */
  #removed = createKeyIndex()
  #timers: TableTimers | undefined
  readonly #halves = new Uint32Array(2)
  readonly #where: Where

  constructor({ name, build, keys, stored, cache = Infinity }: EntityTableOptions<State>) {
    this.name = name
    this.persistent = stored !== undefined
    this.changed = stored === undefined ? () => undefined : this.#notes.changed
    this.#bounded = stored !== undefined && cache < Infinity
    this.#build = build
    this.#stored = stored
    this.#cache = cache
    this.#where = { partition: name }
    if (keys !== undefined) this.#close(keys)
  }

  get size(): number {
    return this.#index.size
  }

  /**
   * The slot of a key; makes the entity where the key set is open. Throws `KEY_INVALID`, `KEY_NOT_IN_PARTITION` and
   * `BUILD_FAILED`.
   */
  slot(key: Key): number {
    return this.slotOf(this.#split(key), this.#halves[1]! | 0)
  }

  /** The slot of the key with these signed halves (see `KeyIndex`), otherwise as `slot`. */
  readonly slotOf = (low: number, high: number): number => {
    const slot = this.#index.find(low, high)
    if (slot < 0) return this.#add(low, high)
    if (this.#bounded) this.#notes.used(slot)
    return slot
  }

  /** The state of a key, if there is such an entity. */
  readonly get = (key: Key): State | undefined => {
    const slot = this.#index.find(this.#split(key), this.#halves[1]! | 0)
    return slot < 0 ? undefined : this.states[slot]
  }

  /** The slot of an entity, which comes into memory; -1 where there is none. */
  readonly find = (low: number, high: number): number => {
    const slot = this.#index.find(low, high)
    if (slot >= 0) return slot
    const found = this.#load(low, high)
    return found === undefined ? -1 : this.#put(low, high, found.state, found)
  }

  /** Whether an entity was removed that the store still has. */
  isRemoved(key: bigint): boolean {
    if (this.#removed.size === 0) return false
    const low = this.#split(key)
    const high = this.#halves[1]! | 0
    return this.#removed.find(low, high) >= 0 && this.#index.find(low, high) < 0
  }

  /** The entity is gone, with its timers, as if it had never been. */
  remove(slot: number): void {
    if (!this.#open && this.#allowed === undefined) {
      this.renew(slot) // of a closed key set each is always there
      return
    }
    this.#forget(slot)
    if (this.persistent) this.#notes.remove(slot)
    this.#index.remove(slot)
    this.states[slot] = undefined as State
  }

  /** As `remove`, but the entity is made anew, and keeps the slot. */
  renew(slot: number): void {
    this.#forget(slot)
    this.states[slot] = this.#built(this.low(slot), this.high(slot))
    if (!this.persistent) return
    this.#notes.remove(slot)
    this.#notes.add(slot, false)
  }

  /** The timers of the entities. From the first call on they come into memory with them. */
  timers(): TableTimers {
    if (this.#timers !== undefined) return this.#timers
    const timers = new TableTimers({ find: this.find, index: () => this.#index, stored: this.#stored?.timers })
    this.#timers = timers
    for (let slot = 0; slot < this.states.length; slot++) if (this.persistent && this.#isLive(slot)) timers.load(slot)
    return timers
  }

  /** Whether `timers` was called. */
  get hasTimers(): boolean {
    return this.#timers !== undefined
  }

  /** Calls back with the key of each entity that was removed since the last call, and that the store has. */
  takeRemoved(visit: (low: number, high: number) => void): void {
    if (this.#removed.size === 0) return
    for (let at = 0; at < this.#removed.size; at++) visit(this.#removed.low(at), this.#removed.high(at))
    this.#removed = createKeyIndex()
  }

  /**
   * Lets entities go until `cache` are left, first those that were not used since the last call; tells `forget` their
   * keys. Gives slots anew: to be called only when nothing is in flight or has changed since `takeChanged`.
   */
  evict(forget: Forget): void {
    const kept = this.#bounded ? this.#notes.toKeep(this.states.length, this.#cache) : undefined
    if (kept !== undefined) this.#keep(kept, forget)
  }

  /** Lets go of the entities whose keys `is` says, otherwise as `evict`. */
  drop(is: (low: number, high: number) => boolean, forget: Forget): void {
    const kept: number[] = []
    for (let slot = 0; slot < this.states.length; slot++)
      if (this.#isLive(slot) && !is(this.low(slot), this.high(slot))) kept.push(slot)
    this.#keep(kept, forget)
  }

  /** The halves of a slot's key. */
  low(slot: number): number {
    return this.#index.low(slot)
  }

  high(slot: number): number {
    return this.#index.high(slot)
  }

  /** Every key, oldest entity first. */
  *keys(): IterableIterator<bigint> {
    for (let at = 0; at < this.states.length; at++) if (this.#isLive(at)) yield keyOf(this.low(at), this.high(at))
  }

  /** There are these keys only. */
  #close(keys: Iterable<Key>): void {
    if (this.persistent) this.#allowed = createKeyIndex()
    for (const key of keys) {
      const low = this.#split(key)
      const high = this.#halves[1]! | 0
      if (this.#allowed === undefined) this.slotOf(low, high)
      else if (this.#allowed.find(low, high) < 0) this.#allowed.add(low, high)
    }
    this.#open = false
  }

  #add(low: number, high: number): number {
    if (!this.#open && (this.#allowed === undefined || this.#allowed.find(low, high) < 0)) {
      throw notInPartition(this.name, keyOf(low, high), (this.#allowed ?? this.#index).size)
    }
    const found = this.#load(low, high)
    return this.#put(low, high, found?.state ?? this.#built(low, high), found)
  }

  #load(low: number, high: number): Found<State> {
    const isGone = this.#removed.size > 0 && this.#removed.find(low, high) >= 0
    return isGone ? undefined : this.#stored?.load(low, high)
  }

  #put(low: number, high: number, state: State, found: Found<State>): number {
    const slot = this.#index.add(low, high)
    this.states[slot] = state
    if (this.#stored === undefined) return slot
    this.#notes.add(slot, found !== undefined)
    if (found !== undefined) this.#timers?.load(slot)
    if (found?.migrated === true) this.#notes.changed(slot)
    if (this.states.length > 2 * this.#cache) this.#stored.overCapacity()
    return slot
  }

  /** The timers of an entity, and what the store has of it, are nothing any more. */
  #forget(slot: number): void {
    this.#timers?.clearAll(slot)
    if (!this.persistent || !this.isStored(slot)) return
    const low = this.low(slot)
    const high = this.high(slot)
    if (this.#removed.find(low, high) < 0) this.#removed.add(low, high)
  }

  #built(low: number, high: number): State {
    try {
      const build = this.#build // not as a method of the table
      return build()
    } catch (cause) {
      throw buildFailed(this.name, keyOf(low, high), cause)
    }
  }

  /** Otherwise the slot is free. */
  #isLive(slot: number): boolean {
    return this.#index.find(this.low(slot), this.high(slot)) === slot
  }

  /** Gives slots anew: 0, 1, 2, … to these, in order. */
  #keep(slots: readonly number[], forget: Forget): void {
    this.#timers?.keep(slots)
    this.#index = renumbered(slots, this.#index, this.states, forget)
    this.#notes.keep(slots)
  }

  /** The key's low half; the high one is in `halves` then. */
  #split(key: Key): number {
    if (!toHalves(key, this.#halves)) throw invalidKey(key, 'the key', this.#where)
    return this.#halves[0]! | 0
  }
}

export const createEntityTable = <State>(options: EntityTableOptions<State>): EntityTable<State> =>
  new EntityTable(options)
