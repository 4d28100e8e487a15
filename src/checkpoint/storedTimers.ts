import { entityTimersKey, keyHalvesOfTimer, timeOfTimer, timerKey, timersPrefix } from './timerLayout.ts'
import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import { keyOf } from '../key/key.ts'
import { packEntryKey, unpackEntryKey } from '../serialization/entryKey.ts'
import { packPlain, unpackPlain } from '../serialization/msgpack.ts'
import { isText } from '../serialization/plain/plainForm.ts'
import type { EntityTable } from '../state/entityTable.ts'
import type { StoredTimers } from '../state/timers/storedTimers.ts'
import type { TimerName } from '../state/timers/timerName.ts'
import type { Change, OpenStore } from '../store/store.ts'

/** What stands between the timers of one state partition and the store. */
export interface PersistentTimers extends StoredTimers {
  /** What has to be written for timers that were set, cleared or fired since the last call. */
  changes(table: Pick<EntityTable<unknown>, 'timers' | 'low' | 'high'>): Change[]
  /** What has to be written for an entity that is gone. */
  removal(low: number, high: number): Change[]
  /** How many times of entities are in the store, as far as they are written. */
  readonly count: number
}

/** `known`: how many there are in the store. `shard`: whose they are, where each shard has its own. */
export function createPersistentTimers(
  store: OpenStore,
  partition: string,
  id: number,
  known: number,
  shard?: number,
): PersistentTimers {
  const prefix = timersPrefix(id, shard)
  let count = known
  const removed = new Set<bigint>() // since `changes` was called

  const storedOf = (low: number, high: number): Map<TimerName, number> | undefined => {
    const value = store.get(entityTimersKey(id, low, high))
    if (value === undefined) return undefined
    try {
      return new Map(unpackTimers(value))
    } catch (cause) {
      throw new WallarxError('STATE_CORRUPT', {
        expected: 'the timers of this entity as they were packed',
        got: shown(cause),
        where: { partition, key: keyOf(low, high) },
        cause,
      })
    }
  }

  /** Puts these timers of an entity in place of those that are stored. */
  const replace = (low: number, high: number, timers: Map<TimerName, number>): Change[] => {
    const isNew = removed.size > 0 && removed.has(keyOf(low, high))
    const before = new Set(isNew ? [] : storedOf(low, high)?.values())
    const times = new Set(timers.values())
    const value = timers.size === 0 ? undefined : packTimers(timers)
    const changes: Change[] = before.size + times.size === 0 ? [] : [{ key: entityTimersKey(id, low, high), value }]
    for (const change of changedTimes(prefix, low, high, before, times)) changes.push(change)
    count += times.size - before.size
    return changes
  }

  return {
    load(low, high, visit) {
      storedOf(low, high)?.forEach((at, name) => {
        visit(name, at)
      })
    },
    after(time, most, visit) {
      let found = 0
      let last = time
      for (const { key } of store.range(prefix, timerKey(prefix, time, 0, 0))) {
        const at = timeOfTimer(key)
        if (at <= time) continue
        if (found >= most && at > last) return last
        visit(at, ...keyHalvesOfTimer(key))
        found++
        last = at
      }
      return Infinity
    },
    changes(table) {
      const timers = table.timers()
      const changes: Change[] = []
      for (const slot of timers.takeChanged()) {
        const present = new Map<TimerName, number>()
        timers.forEach(slot, (name, at) => present.set(name, at))
        for (const change of replace(table.low(slot), table.high(slot), present)) changes.push(change)
      }
      removed.clear()
      return changes
    },
    removal(low, high) {
      const changes = replace(low, high, new Map())
      removed.add(keyOf(low, high))
      return changes
    },
    get count() {
      return count
    },
  }
}

const nothing = new Uint8Array(0)

/** Where timers of an entity are by time, now and before. */
function* changedTimes(
  prefix: Uint8Array,
  low: number,
  high: number,
  before: ReadonlySet<number>,
  times: ReadonlySet<number>,
): Generator<Change> {
  for (const at of before) if (!times.has(at)) yield { key: timerKey(prefix, at, low, high), value: undefined }
  for (const at of times) if (!before.has(at)) yield { key: timerKey(prefix, at, low, high), value: nothing }
}

/** The same for an entity whose timers are stored under this key. */
export function timerChanges(
  prefix: Uint8Array,
  key: Uint8Array,
  before: Uint8Array | undefined,
  now: Uint8Array | undefined,
): Iterable<Change> {
  const halves = keyHalvesOfTimer(Buffer.from(key))
  return changedTimes(prefix, ...halves, timesIn(before), timesIn(now))
}

const timesIn = (packed: Uint8Array | undefined): Set<number> =>
  new Set(packed && [...unpackTimers(Buffer.from(packed))].map(([, at]) => at))

/** Name, time, name, time, …; a name that is no UTF-8 as the bytes of an entry's key. */
const packTimers = (timers: Map<TimerName, number>): Buffer =>
  packPlain(
    0,
    [...timers].flatMap(([name, at]) => [typeof name === 'string' && !isText(name) ? packEntryKey(name) : name, at]),
  )

/** Undoes `packTimers`; throws for what is damaged. */
export function* unpackTimers(value: Buffer): Generator<[name: TimerName, at: number], void> {
  const flat = unpackPlain(value)[1] as unknown[]
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at]
    yield [(name instanceof Uint8Array ? unpackEntryKey(name) : name) as TimerName, flat[at + 1] as number]
  }
}
