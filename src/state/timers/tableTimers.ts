import { createDueTimers, type DueTimers } from './dueTimers.ts'
import { EntityTimers } from './entityTimers.ts'
import type { KeyIndex } from '../keyIndex.ts'
import type { TimerName } from './timerName.ts'
import { createTimerQueue } from './timerQueue.ts'

/** The timers of the entities of one state partition, by slot and by time. */
export interface TableTimers {
  /** No timer is due before this time, in ms since 1970. */
  readonly next: number
  /** How many are set, of the entities that are in memory. */
  readonly size: number
  /** How many entries the queue has for them; not all need hold. */
  readonly entries: number
  at(slot: number, name: TimerName): number | undefined
  set(slot: number, name: TimerName, at: number): void
  clear(slot: number, name: TimerName): void
  /** The entity in the slot is gone. */
  clearAll(slot: number): void
  /** From now on the timers of these slots, in order, are those of 0, 1, 2, …; what is not among them left memory. */
  keep(slots: readonly number[]): void
  forEach(slot: number, visit: (name: TimerName, at: number) => void): void
  /**
   * Takes the timer that is first of those that are due at `now`; it is not set any more. Gives the slot of its entity,
   * -1 where none is due. What is set meanwhile takes its place among those that are due.
   */
  takeDue(now: number): number
  /** What is due fires some other time. */
  putBack(): void
  /** Who fires them. `undefined` where somebody does so already; the result lets others do so. */
  use(): (() => void) | undefined
  /** What `takeDue` took. */
  readonly taken: Pick<DueTimers, 'at' | 'low' | 'high' | 'name'>
}

/** The entities that have timers. */
export interface TimerEntities {
  /** The slot of an entity, which comes into memory; -1 where there is none. */
  readonly find: (low: number, high: number) => number
  /** Those that are in memory. */
  readonly index: () => Pick<KeyIndex, 'find' | 'low' | 'high'>
}

/** So many entries that do not hold any more may be in the queue before it is swept. */
const goneTolerated = 1000

export function createTableTimers({ find, index }: TimerEntities): TableTimers {
  const queue = createTimerQueue()
  const due = createDueTimers()
  /** By slot; may end before the last slot. */
  const timers: (EntityTimers | undefined)[] = []
  let used = false
  let set = 0 // those in `timers`
  let sweepAt = goneTolerated // entries of the queue

  const of = (slot: number): EntityTimers => {
    while (timers.length <= slot) timers.push(undefined)
    return (timers[slot] ??= new EntityTimers())
  }

  const remove = (slot: number, name: TimerName): void => {
    timers[slot]!.delete(name)
    set--
  }

  /** Takes out of the queue what does not hold any more, where that is most of it. */
  const sweep = (): void => {
    if (queue.size > 2 * set + timers.length) rebuild()
    sweepAt = 2 * queue.size + goneTolerated
  }

  const rebuild = (): void => {
    const { find, low, high } = index()
    queue.keep((_at, low, high) => find(low, high) < 0)
    for (let slot = 0; slot < timers.length; slot++) {
      timers[slot]?.forEach((name, at) => {
        queue.add(at, low(slot), high(slot), name)
      })
    }
  }

  const addDue = (at: number, low: number, high: number, name: TimerName | undefined): void => {
    due.add(at, low, high, name!)
  }

  /** All that are to be fired before the first one of `due`, or at the same time as that. */
  const fillDue = (now: number): void => {
    const first = queue.next
    if (first === Infinity || first > now || first > due.next) return
    do queue.takeFirst(addDue)
    while (queue.next === first)
    due.order()
  }

  return {
    get next() {
      return queue.next
    },
    get size() {
      return set
    },
    get entries() {
      return queue.size
    },
    at: (slot, name) => timers[slot]?.at(name),
    set(slot, name, at) {
      const entity = of(slot)
      const before = entity.at(name)
      if (before === at) return
      entity.set(name, at)
      if (before === undefined) set++
      const { low, high } = index()
      queue.add(at, low(slot), high(slot), name)
      if (queue.size > sweepAt) sweep()
    },
    clear(slot, name) {
      if (timers[slot]?.at(name) !== undefined) remove(slot, name)
    },
    clearAll(slot) {
      const entity = timers[slot]
      if (entity === undefined) return
      set -= entity.size
      entity.clear()
    },
    keep(slots) {
      const kept = slots.map((slot) => timers[slot])
      timers.length = 0
      for (const entity of kept) timers.push(entity)
      set = 0
      for (const entity of timers) set += entity?.size ?? 0
    },
    forEach(slot, visit) {
      timers[slot]?.forEach(visit)
    },
    takeDue(now) {
      for (;;) {
        fillDue(now)
        if (!due.shift()) return -1
        const slot = find(due.low, due.high)
        if (slot < 0 || timers[slot]?.at(due.name) !== due.at) continue
        remove(slot, due.name)
        return slot
      }
    },
    putBack() {
      while (due.shift()) queue.add(due.at, due.low, due.high, due.name)
    },
    use() {
      if (used) return undefined
      used = true
      return () => {
        used = false
      }
    },
    taken: due,
  }
}
