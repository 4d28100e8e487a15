import type { WallarxError } from '../base/errors.ts'
import {
  checkEntryKey,
  isEntryKey,
  sameKey,
  type EntryChanges,
  type EntryKey,
  type EntryLoader,
  type StateEntry,
  type StoredEntry,
} from './entry.ts'

/** How the state codec reaches the entries of a `StateMap` or `StateSet`. */
export const stateEntries = Symbol('wallarx.stateEntries')

/** A list of changed entries may hold this many that are gone again before it is swept. */
const goneTolerated = 1000

/**
 * The entries of a `StateMap` or a `StateSet`, and which of them differ from what was last packed.
 *
 * Until it is packed for the first time nothing is recorded: all of it is new. From then on an entry that is set joins
 * `changes`, once. After `restore` an entry stays in the store until it is asked for; an iteration loads all that are
 * missing. What is in memory hides what the store has.
 */
export class StateEntries<Value> {
  /** How many entries there are, loaded or not. */
  size = 0
  /** The state whose entries these are, once it has been packed or unpacked. */
  owner: object | undefined
  /** Names these entries among those of their state. */
  id = -1
  /** The number of the next new entry. */
  nextOrder = 0
  /** Those in memory; in their order if `sorted`. */
  private readonly loaded = new Map<unknown, StateEntry<Value>>()
  private sorted = true
  /** The entry that `get` found last: who counts sets it next, and then one lookup does for both. */
  private last: StateEntry<Value> | undefined
  /** Where the entries are that are not in memory; absent: all are. */
  private loader: EntryLoader<Value> | undefined
  /** Entries set since the last pack, and some removed since; absent: never packed, all are. */
  private changes: StateEntry<Value>[] | undefined
  /** Keys removed since the last pack that were there at the last pack. */
  private readonly removed = new Set<EntryKey>()
  /** Keys whose removal has been packed but which the loader may still find, because the commit comes later. */
  private readonly hidden = new Set<unknown>()
  /** Everything that was there at the last pack has been removed by `clear`. */
  private cleared = false
  /** How many entries there were at the last pack. */
  private storedSize = 0

  get(key: unknown): Value | undefined {
    const entry = (this.last = this.loaded.get(key))
    if (entry !== undefined) return entry.value
    return this.loader === undefined ? undefined : this.load(key)?.value
  }

  has(key: unknown): boolean {
    return this.find(key) !== undefined
  }

  set(key: EntryKey, value: Value): void {
    const { last } = this
    const entry = last !== undefined && last.key === key ? last : this.find(key)
    if (entry === undefined) {
      this.add(key, value)
      return
    }
    // An object that is set again may have been changed in place.
    if (typeof value !== 'object' && Object.is(entry.value, value)) return
    entry.value = value
    if (entry.changed) return
    entry.changed = true
    if (this.changes !== undefined) this.record(this.changes, entry)
  }

  delete(key: unknown): boolean {
    const entry = this.find(key)
    if (entry === undefined) return false
    this.last = undefined
    this.loaded.delete(key)
    this.size--
    entry.changed = false
    if (entry.stored) this.removed.add(entry.key)
    return true
  }

  clear(): void {
    if (this.size === 0) return
    this.loaded.clear()
    this.last = undefined
    this.removed.clear()
    this.hidden.clear()
    this.loader = undefined
    this.size = 0
    this.sorted = true
    this.cleared = this.storedSize > 0
    if (this.changes !== undefined) this.changes = []
  }

  /** All entries in their order, loaded now if they are not; what is added meanwhile comes too, as with a Map. */
  values(): IterableIterator<StateEntry<Value>> {
    if (this.loader !== undefined) this.loadAll(this.loader)
    if (!this.sorted) this.sort()
    return this.loaded.values()
  }

  /**
   * All entries in their order, for who only looks: nothing comes into memory. Where some are not there, and there are
   * more than `most` in all, those in memory come first, and the others in any order.
   */
  *peek(most: number): Generator<Pick<StateEntry<Value>, 'key' | 'value'>, void> {
    const all = [this.loaded.values(), this.loader === undefined ? [] : this.absent(this.loader)]
    if (this.size > most || (this.sorted && this.loader === undefined)) for (const some of all) yield* some
    else yield* all.flatMap((some) => [...some]).sort((one, other) => one.order - other.order)
  }

  /** Those in memory, in any order, for who only looks. */
  peekLoaded(): IterableIterator<Pick<StateEntry<Value>, 'key' | 'value'>> {
    return this.loaded.values()
  }

  /** Becomes what was packed: `size` entries that are in the store. */
  restore(packed: { size: number; nextOrder: number; loader: EntryLoader<Value>; owner: object; id: number }): void {
    this.size = this.storedSize = packed.size
    this.nextOrder = packed.nextOrder
    this.owner = packed.owner
    this.id = packed.id
    this.changes = []
    if (packed.size > 0) this.loader = packed.loader
  }

  /** What differs from the last pack; changes nothing. */
  pending(): EntryChanges<Value> {
    const { cleared } = this
    if (this.changes === undefined) return { cleared, set: [...this.loaded.values()], removed: [] }
    return { cleared, set: this.changes.filter(({ changed }) => changed), removed: [...this.removed] }
  }

  /** From now on `pending` counts from here: what it gave has been packed. */
  packed(): void {
    for (const entry of this.changes ?? this.loaded.values()) {
      entry.changed = false
      entry.stored = true
    }
    this.changes = []
    if (this.loader !== undefined) for (const key of this.removed) this.hidden.add(key)
    this.removed.clear()
    this.cleared = false
    this.storedSize = this.size
  }

  /**
   * The state no longer has these entries and they are removed from the store. Those in memory may go into a state
   * again, as new ones. With some that are not, everything that needs them throws `lost` from now on.
   */
  release(lost: () => WallarxError): void {
    this.owner = undefined
    this.id = -1
    this.changes = undefined
    this.removed.clear()
    this.cleared = false
    this.storedSize = 0
    if (this.loader === undefined) return
    const fail = (): never => {
      throw lost()
    }
    this.loader = { get: fail, all: fail, miscounted: lost }
  }

  /** Throws what `release` was given if entries are missing since then. */
  checkWhole(): void {
    if (this.changes === undefined && this.loader !== undefined) this.loadAll(this.loader)
  }

  private add(key: EntryKey, value: Value): void {
    checkEntryKey(key)
    const entry = {
      key: sameKey(key),
      value,
      order: this.nextOrder++,
      stored: this.removed.size > 0 && this.removed.delete(key),
      changed: true,
    }
    this.loaded.set(key, entry)
    this.size++
    if (this.changes !== undefined) this.record(this.changes, entry)
  }

  private record(changes: StateEntry<Value>[], entry: StateEntry<Value>): void {
    changes.push(entry)
    if (changes.length > 2 * this.loaded.size + goneTolerated) this.changes = changes.filter(({ changed }) => changed)
  }

  /** Those that are not in memory. */
  private *absent(loader: EntryLoader<Value>): Generator<StoredEntry<Value>, void> {
    for (const stored of loader.all()) {
      const { key } = stored
      if (!this.loaded.has(key) && !this.removed.has(key) && !this.hidden.has(key)) yield stored
    }
  }

  private find(key: unknown): StateEntry<Value> | undefined {
    const entry = this.loaded.get(key)
    return entry !== undefined || this.loader === undefined ? entry : this.load(key)
  }

  private load(key: unknown): StateEntry<Value> | undefined {
    if (!isEntryKey(key) || this.removed.has(key) || this.hidden.has(key)) return undefined
    const found = this.loader!.get(key)
    if (found === undefined) return undefined
    const entry = this.keep(found)
    this.noticeComplete()
    return entry
  }

  private keep({ key, value, order }: StoredEntry<Value>): StateEntry<Value> {
    const entry = { key: sameKey(key), value, order, stored: true, changed: false }
    this.loaded.set(key, entry)
    this.sorted = false
    return entry
  }

  private loadAll(loader: EntryLoader<Value>): void {
    for (const stored of this.absent(loader)) this.keep(stored)
    if (this.loaded.size !== this.size) throw loader.miscounted(this.size, this.loaded.size)
    this.noticeComplete()
  }

  private noticeComplete(): void {
    if (this.loaded.size !== this.size) return
    this.loader = undefined
    this.hidden.clear()
  }

  private sort(): void {
    const entries = [...this.loaded.values()].sort((one, other) => one.order - other.order)
    this.loaded.clear()
    for (const entry of entries) this.loaded.set(entry.key, entry)
    this.sorted = true
  }
}
