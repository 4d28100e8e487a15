import { textOf } from '../store.ts'
import { lowerBound } from '../lowerBound.ts'
import { readChanges } from './wal/format.ts'

/** Where in a record the last change of a key is. */
export interface Place {
  readonly record: Buffer
  readonly key: number
  readonly keyLength: number
  /** -1: it removes the entry. */
  readonly valueLength: number
}

/** What some records change, by key; the later record counts. */
export interface Memtable {
  /** Adds a record that comes after all those added. */
  add(record: Buffer): void
  /** By `textOf` a key. */
  get(key: string): Place | undefined
  /** In the order of keys, those that begin with `prefix`, from the first that is not before `from`. */
  range(prefix: string, from: string): [key: string, place: Place][]
  /** All, in any order. */
  places(): Iterable<Place>
  /** Bytes of memory that it takes, about. */
  readonly size: number
}

/** What an entry of the map takes, with its key and its `Place`. */
const placeSize = 200

export function createMemtable(): Memtable {
  const byKey = new Map<string, Place>()
  let length = 0
  let sorted: string[] = [] // the keys in order, but for those in `unsorted`
  let unsorted: string[] = []

  return {
    add(record) {
      length += record.length
      readChanges(record, (key, keyLength, valueLength) => {
        const text = record.toString('latin1', key, key + keyLength)
        const before = byKey.size
        byKey.set(text, { record, key, keyLength, valueLength })
        if (byKey.size > before) unsorted.push(text)
      })
    },
    get: (key) => byKey.get(key),
    range(prefix, from) {
      if (unsorted.length > 0) {
        sorted = merged(sorted, unsorted.sort())
        unsorted = []
      }
      const found: [string, Place][] = []
      for (let at = lowerBound(sorted, from); at < sorted.length && sorted[at]!.startsWith(prefix); at++) {
        found.push([sorted[at]!, byKey.get(sorted[at]!)!])
      }
      return found
    },
    places: () => byKey.values(),
    get size() {
      return length + placeSize * byKey.size
    },
  }
}

export const keyAt = ({ record, key, keyLength }: Place): Buffer => record.subarray(key, key + keyLength)

/** `undefined`: the entry is removed. Not a copy. */
export function valueAt({ record, key, keyLength, valueLength }: Place): Buffer | undefined {
  const start = key + keyLength
  return valueLength < 0 ? undefined : record.subarray(start, start + valueLength)
}

/** The change to a key that counts; the later memtable comes later. */
export function placeIn(memtables: readonly Memtable[], key: Uint8Array): Place | undefined {
  if (memtables.length === 0) return undefined
  const text = textOf(key)
  for (let index = memtables.length - 1; index >= 0; index--) {
    const place = memtables[index]!.get(text)
    if (place !== undefined) return place
  }
  return undefined
}

/** Those of all memtables with keys that begin with `prefix` and are not before `from`, in the order of keys. */
export function placesFrom(memtables: readonly Memtable[], prefix: Uint8Array, from: Uint8Array = prefix): Place[] {
  const text = textOf(prefix)
  const first = textOf(from)
  const start = first < text ? text : first
  const found = memtables.map((memtable) => memtable.range(text, start)).filter((range) => range.length > 0)
  if (found.length <= 1) return found.flat().map(([, place]) => place)
  const last = new Map(found.flat())
  return [...last.keys()].sort().map((key) => last.get(key)!)
}

/** What the memtables change, each key once; the later memtable counts. */
export function lastPlaces(memtables: readonly Memtable[]): readonly Place[] {
  return memtables.length === 1 ? [...memtables[0]!.places()] : placesFrom(memtables, Buffer.alloc(0))
}

/** Two sorted arrays of different keys as one. */
function merged(one: string[], other: string[]): string[] {
  if (one.length === 0) return other
  const all: string[] = []
  let at = 0
  for (const key of one) {
    while (at < other.length && other[at]! < key) all.push(other[at++]!)
    all.push(key)
  }
  while (at < other.length) all.push(other[at++]!)
  return all
}
