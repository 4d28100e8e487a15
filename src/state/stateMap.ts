import { StateEntries, stateEntries } from './entries.ts'
import { checkEntryKey, inspectCustom, type EntryKey, type Inspect } from './entry.ts'

/**
 * A Map inside a state for what grows large: a checkpoint writes the entries that changed since the last one, not all
 * there are, and after a restart an entry is read when it is first asked for. Everywhere else it behaves as a Map does,
 * and where a Map is declared it may be given.
 *
 * - Keys are primitives, except symbols. A packed key may be 1,850 bytes long, which is a string of 1,849 ASCII
 *   characters; a longer one fails the checkpoint with `STATE_NOT_SERIALIZABLE`.
 * - Values are whatever a state may be made of, but no further `StateMap` or `StateSet`, and each is packed by itself:
 *   an object that two values share becomes two.
 * - **A value that is changed in place is not seen: `set` it again.** Setting a primitive that is there already is no
 *   change.
 * - Iteration is in the order of insertion, also after a restart. The first one after a restart reads all entries, and
 *   they stay in memory; `size` reads none, `get`, `has`, `set` and `delete` read the one entry.
 * - `clear` takes the same time whatever the size, and so does recording it.
 * - It belongs to the state that it was packed in. In the state of another entity it is `STATE_NOT_SERIALIZABLE`; copy
 *   it instead: `new StateMap(other)`. One that is removed from its state loses its entries in the store at the next
 *   checkpoint.
 *
 * An entry takes some 60 bytes more than in a Map, from the first checkpoint or iteration on.
 *
 * @example
 * ```ts
 * import { StateMap, statePartition } from 'wallarx'
 *
 * const wordTotals = statePartition('word totals', { build: () => new StateMap<string, number>() })
 * const totals = wordTotals.build()
 * for (const word of ['to', 'be', 'or', 'not', 'to', 'be']) totals.set(word, (totals.get(word) ?? 0) + 1)
 * assert.deepEqual([...totals], [['to', 2], ['be', 2], ['or', 1], ['not', 1]])
 * ```
 */
export class StateMap<Key extends EntryKey, Value> {
  /** A plain Map until somebody asks for the entries: without a store, what is kept for one costs nothing. */
  #kept: Map<Key, Value> | StateEntries<Value> = new Map<Key, Value>()

  constructor(entries?: Iterable<readonly [Key, Value]> | null) {
    showContent(this)
    for (const [key, value] of entries ?? []) this.set(key, value)
  }

  /** How many entries there are; reads none. */
  get size(): number {
    return this.#kept.size
  }

  /** The value of a key, or `undefined`. */
  get(key: Key): Value | undefined {
    return this.#kept.get(key)
  }

  /** Whether there is an entry of this key. */
  has(key: Key): boolean {
    return this.#kept.has(key)
  }

  /** Puts an entry, or another value in one; it is in the next checkpoint. */
  set(key: Key, value: Value): this {
    checkEntryKey(key)
    this.#kept.set(key, value)
    return this
  }

  /** Removes an entry. Returns whether there was one. */
  delete(key: Key): boolean {
    return this.#kept.delete(key)
  }

  /** Removes all entries, in the same time whatever the size. */
  clear(): void {
    this.#kept.clear()
  }

  /** Calls back with each entry, in the order of insertion. */
  forEach(callback: (value: Value, key: Key, map: this) => void, thisArgument?: unknown): void {
    for (const { key, value } of this[stateEntries].values()) callback.call(thisArgument, value, key as Key, this)
  }

  /** All entries, in the order of insertion. */
  *entries(): Generator<[Key, Value], undefined, unknown> {
    for (const { key, value } of this[stateEntries].values()) yield [key as Key, value]
  }

  /** All keys, in the order of insertion. */
  *keys(): Generator<Key, undefined, unknown> {
    for (const { key } of this[stateEntries].values()) yield key as Key
  }

  /** All values, in the order of insertion. */
  *values(): Generator<Value, undefined, unknown> {
    for (const { value } of this[stateEntries].values()) yield value
  }

  /** All entries, in the order of insertion. */
  [Symbol.iterator](): Generator<[Key, Value], undefined, unknown> {
    return this.entries()
  }

  // eslint-disable-next-line @typescript-eslint/class-literal-property-style -- a field would be a property of its own
  get [Symbol.toStringTag](): string {
    return 'StateMap'
  }

  /** @internal */
  [inspectCustom](_depth: number, options: object, inspect: Inspect): string {
    return `State${inspect(new Map(this), options)}`
  }

  /** For the state codec. @internal */
  get [stateEntries](): StateEntries<Value> {
    const kept = this.#kept
    if (kept instanceof StateEntries) return kept
    const entries = new StateEntries<Value>()
    for (const [key, value] of kept) entries.set(key, value)
    return (this.#kept = entries)
  }
}

/**
 * An own enumerable property, because without one `assert.deepEqual` sees nothing in an object with private fields, and
 * any two StateMaps would be equal to it.
 */
function showContent(map: StateMap<EntryKey, unknown>): void {
  Object.defineProperty(map, 'content', { enumerable: true, get: contentOf })
}

function contentOf(this: StateMap<EntryKey, unknown>): Map<EntryKey, unknown> {
  return new Map(this)
}
