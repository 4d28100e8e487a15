import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'

/** What a key of a `StateMap` and a member of a `StateSet` may be. */
export type EntryKey = string | number | bigint | boolean | null | undefined

/** One entry in memory. */
export interface StateEntry<Value> {
  readonly key: EntryKey
  value: Value
  /** Its place in the iteration order: a later entry has a greater number. Kept when it is packed. */
  readonly order: number
  /** Was there when the entries were last packed, so that a removal has to be packed too. */
  stored: boolean
  /** Set since the entries were last packed. */
  changed: boolean
}

export interface StoredEntry<Value> {
  readonly key: EntryKey
  readonly value: Value
  readonly order: number
}

/** Reads entries as they were when they were last packed. What it throws goes to whoever used the collection. */
export interface EntryLoader<Value> {
  get(key: EntryKey): StoredEntry<Value> | undefined
  all(): Iterable<StoredEntry<Value>>
  /** The error for a number of entries that is not the one that was packed. */
  miscounted(expected: number, found: number): WallarxError
}

/** What has to be written for the collection to be stored as it is now: first the clearing, then the rest. */
export interface EntryChanges<Value> {
  readonly cleared: boolean
  readonly set: readonly StateEntry<Value>[]
  readonly removed: readonly EntryKey[]
}

/** As in a Map, -0 is 0. */
export const sameKey = (key: EntryKey): EntryKey => (key === 0 ? 0 : key)

export function isEntryKey(key: unknown): key is EntryKey {
  return key === null || (typeof key !== 'object' && typeof key !== 'function' && typeof key !== 'symbol')
}

/** Throws `STATE_NOT_SERIALIZABLE` for what is no key. */
export function checkEntryKey(key: unknown): void {
  if (isEntryKey(key)) return
  throw new WallarxError('STATE_NOT_SERIALIZABLE', {
    expected:
      'the key of a StateMap, or the member of a StateSet, to be a string, number, bigint, boolean, null ' +
      'or undefined',
    got: shown(key),
  })
}

/** A method by which Node shows an object (`util.inspect`, `console.log`), and what it is given to show parts of it. */
export const inspectCustom: unique symbol = Symbol.for('nodejs.util.inspect.custom')
export type Inspect = (value: unknown, options: object) => string
