import type { Isolation, KafkaHeader } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'

/** Stands with each record of one transaction: what has become of it. */
export interface Mark {
  outcome: 'open' | 'committed' | 'aborted'
}

export interface NewEntry {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly KafkaHeader[]
  readonly timestamp: number
  /** Absent: it came of no transaction. */
  readonly mark: Mark | undefined
}

/** What stands at an offset. */
export interface Entry extends NewEntry {
  readonly offset: number
  /** The end of a transaction: it takes an offset, and nobody is given it. */
  readonly isMarker: boolean
}

export interface Found {
  readonly entries: readonly Entry[]
  /** The offset behind what was looked at. */
  readonly next: number
}

/** The log of one partition. */
export interface Log {
  readonly low: number
  readonly end: number
  /** Nothing from here on is decided. */
  readonly stable: number
  append(entry: NewEntry): void
  /** Writes the marker of a transaction, where it is open here: its outcome shows. */
  conclude(mark: Mark, timestamp: number): void
  /** At most `max` records from an offset on. Throws `gone`. */
  read(from: number, max: number, isolation: Isolation): Found
  /** The offset of the first record that is not older. */
  offsetAt(time: number): number
  deleteBefore(offset: number): void
  /** Of what is stable leaves the last record of each key; of removed keys nothing. */
  compact(): void
  /** Are called when there may be more to read. */
  readonly watchers: Set<() => void>
}

export function createLog(): Log {
  let entries: Entry[] = []
  let low = 0
  let end = 0
  /** Transactions that have written here and have no marker yet, by their first offset, in that order. */
  const open = new Map<Mark, number>()
  const watchers = new Set<() => void>()

  const stable = (): number => {
    for (const first of open.values()) return first
    return end
  }

  const add = (entry: NewEntry, isMarker: boolean): void => {
    entries.push({ ...entry, offset: end++, isMarker })
    for (const watch of watchers) watch()
  }

  /** The index of the first entry from this offset on. */
  const indexOf = (offset: number): number => {
    let from = 0
    let to = entries.length
    while (from < to) {
      const middle = (from + to) >> 1
      if (entries[middle]!.offset < offset) from = middle + 1
      else to = middle
    }
    return from
  }

  return {
    get low() {
      return low
    },
    get end() {
      return end
    },
    get stable() {
      return stable()
    },
    append(entry) {
      if (entry.mark !== undefined && !open.has(entry.mark)) open.set(entry.mark, end)
      add(entry, false)
    },
    conclude(mark, timestamp) {
      if (!open.delete(mark)) return
      add({ key: null, value: null, headers: [], timestamp, mark }, true)
    },
    read(from, max, isolation) {
      if (from < low || from > end) throw new KafkaError('gone', `offset ${from} is not in ${low}..${end}`, 1)
      const limit = isolation === 'committed' ? stable() : end
      const found: Entry[] = []
      let next = from
      for (let at = indexOf(from); at < entries.length && found.length < max; at++) {
        const entry = entries[at]!
        if (entry.offset >= limit) break
        next = entry.offset + 1
        if (!entry.isMarker && (isolation === 'uncommitted' || entry.mark?.outcome !== 'aborted')) found.push(entry)
      }
      // What compaction has removed is no record to wait for.
      if (found.length < max) next = Math.max(next, limit)
      return { entries: found, next }
    },
    offsetAt: (time) => entries.find(({ timestamp, isMarker }) => !isMarker && timestamp >= time)?.offset ?? end,
    deleteBefore(offset) {
      low = Math.max(low, Math.min(offset, end))
      entries = entries.slice(indexOf(low))
    },
    compact() {
      const limit = stable()
      const last = new Map<string, Entry>()
      for (const entry of entries) {
        const { key, isMarker, mark, offset } = entry
        if (key !== null && !isMarker && mark?.outcome !== 'aborted' && offset < limit) last.set(textOf(key), entry)
      }
      entries = entries.filter(
        (entry) =>
          entry.offset >= limit ||
          (entry.key !== null && last.get(textOf(entry.key)) === entry && entry.value !== null),
      )
    },
    watchers,
  }
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
