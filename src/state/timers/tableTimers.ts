import { DueTimers } from './dueTimers.ts'
import { EntityTimers } from './entityTimers.ts'
import type { KeyIndex } from '../table/keyIndex.ts'
import type { StoredTimers, VisitTimer } from './storedTimers.ts'
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
  forEach(slot: number, visit: VisitTimer): void
  /** The entity in this slot has come from the store. */
  load(slot: number): void
  /**
   * The slots whose timers have changed since the last call, and which are stored from now on: those that are far away
   * may leave memory.
   */
  takeChanged(): number[]
  /**
   * Takes the timer that is first of those that are due at `now`; it is not set any more. Gives the slot of its entity,
   * -1 where none is due. What is set meanwhile takes its place among those that are due.
   */
  takeDue(now: number): number
  /** As `takeDue`, but the timer stays set, until `fire` is called for it. */
  findDue(now: number): number
  /** The timer is not set any more; `false` where it was not set, or not to this time. */
  fire(slot: number, name: TimerName, at: number): boolean
  /** The first timer of an entity that is due at `now`, if one is. */
  dueOf(slot: number, now: number): { readonly name: TimerName; readonly at: number } | undefined
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
  /** Absent: timers are in memory only. */
  readonly stored: StoredTimers | undefined
}

/** So many entries that do not hold any more may be in the queue before it is swept. */
const goneTolerated = 1000
/** So many are read from the store at once, and twice as many stay in memory at a checkpoint. */
const mostNear = 4096

export function createTableTimers({ find, index, stored }: TimerEntities): TableTimers {
  const queue = createTimerQueue()
  const due = new DueTimers()
  /** By slot; may end before the last slot. */
  const timers: (EntityTimers | undefined)[] = []
  let used = false
  let set = 0 // those in `timers`
  let sweepAt = goneTolerated // entries of the queue
  /** All that are stored up to this time are in the queue; those that were set since the last checkpoint, too. */
  let horizon = stored === undefined ? Infinity : -Infinity
  let changed: number[] = []

  const of = (slot: number): EntityTimers => {
    while (timers.length <= slot) timers.push(undefined)
    return (timers[slot] ??= new EntityTimers())
  }

  const note = (slot: number, entity: EntityTimers): void => {
    if (stored === undefined || entity.changed) return
    entity.changed = true
    changed.push(slot)
  }

  const remove = (slot: number, name: TimerName): void => {
    const entity = timers[slot]!
    entity.delete(name)
    note(slot, entity)
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

  /** Where only the time is known, as from the store, all that the entity has at that time. */
  const addDue = (at: number, low: number, high: number, name: TimerName | undefined): void => {
    if (name !== undefined) {
      due.add(at, low, high, name)
      return
    }
    const slot = find(low, high)
    timers[slot]?.forEach((name, when) => {
      if (when === at) due.add(at, low, high, name)
    })
  }

  const addStored = (at: number, low: number, high: number): void => {
    queue.add(at, low, high, undefined)
  }

  const readOn = (): void => {
    horizon = stored!.after(horizon, mostNear, addStored)
  }

  /** Takes what is due from the queue, up to the time that the first of `due` has. */
  const fillDue = (now: number): void => {
    do {
      while (horizon <= now && horizon < queue.next && horizon < due.next) readOn()
      const first = queue.next
      if (first === Infinity || first > now || first > due.next) return
      do queue.takeFirst(addDue)
      while (queue.next === first)
      due.order()
    } while (due.size === 0) // where none of that time is set any more
  }

  const findDue = (now: number): number => {
    for (;;) {
      if (due.size > 0 || horizon <= now || !queue.takeAlone(now, due)) {
        fillDue(now)
        if (!due.shift()) return -1
      }
      const slot = find(due.low, due.high)
      if (slot >= 0 && timers[slot]?.at(due.name) === due.at) return slot
    }
  }

  const forgetFar = (): void => {
    if (queue.size > 2 * mostNear) horizon = Math.min(horizon, queue.timeOf(mostNear))
    if (horizon < Infinity && queue.last() > horizon) queue.keep((at) => at <= horizon)
  }

  if (stored !== undefined) readOn()

  return {
    get next() {
      return queue.next < horizon ? queue.next : horizon
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
      note(slot, entity)
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
      entity.changed = false
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
    load(slot) {
      const { low, high } = index()
      stored!.load(low(slot), high(slot), (name, at) => {
        of(slot).set(name, at)
        set++
      })
    },
    takeChanged() {
      const taken: number[] = []
      for (const slot of changed) {
        const entity = timers[slot]!
        if (entity.changed) taken.push(slot) // once, also where the slot was given anew
        entity.changed = false
      }
      changed = []
      if (stored !== undefined) forgetFar()
      return taken
    },
    takeDue(now) {
      const slot = findDue(now)
      if (slot >= 0) remove(slot, due.name)
      return slot
    },
    findDue,
    fire(slot, name, at) {
      if (timers[slot]?.at(name) !== at) return false
      remove(slot, name)
      return true
    },
    dueOf: (slot, now) => timers[slot]?.firstUntil(now),
    putBack() {
      while (due.shift()) queue.add(due.at, due.low, due.high, due.name)
    },
    use() {
      if (used) return undefined
      used = true
      rebuild() // whoever did so before may have left some that he had found due
      return () => {
        used = false
      }
    },
    taken: due,
  }
}
