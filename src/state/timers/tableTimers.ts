import { NewestStates } from '../table/newestStates.ts'
import { DueTimers } from './dueTimers.ts'
import type { StoredTimers, VisitTimer } from './storedTimers.ts'
import { SlotTimers } from './slotTimers.ts'
import type { TimerName } from './timerName.ts'
import type { TimerEntities } from './timerEntities.ts'
import { TimerQueue } from './timerQueue.ts'

/** So many entries that do not hold any more may be in the queue before it is swept. */
const goneTolerated = 1000
/** So many are read from the store at once, and twice as many stay in memory at a checkpoint. */
const mostNear = 4096

/** The timers of the entities of one state partition, by slot and by time. */
export class TableTimers {
  readonly #find: TimerEntities['find']
  readonly #index: TimerEntities['index']
  readonly #stored: StoredTimers | undefined
  readonly #queue = new TimerQueue()
  readonly #due = new DueTimers()
  /** What `takeDue` took. */
  readonly taken: Pick<DueTimers, 'at' | 'low' | 'high' | 'name'> = this.#due
  /** For a step whose computation knows of it. */
  readonly newest = new NewestStates()
  readonly #timers = new SlotTimers()
  #used = false
  /** How many are in `#timers`. */
  #set = 0
  /** Entries of the queue. */
  #sweepAt = goneTolerated
  /** All that are stored up to this time are in the queue; those that were set since the last checkpoint, too. */
  #horizon: number
  #changed: number[] = []

  constructor({ find, index, stored }: TimerEntities) {
    this.#find = find
    this.#index = index
    this.#stored = stored
    this.#horizon = stored?.after(-Infinity, mostNear, this.#addStored) ?? Infinity
  }

  /** No timer is due before this time, in ms since 1970. */
  get next(): number {
    const { next } = this.#queue
    const first = next < this.#horizon ? next : this.#horizon
    const due = this.#due // those of one time that `findDue` has not given yet
    return due.size === 0 || due.next > first ? first : due.next
  }

  /** How many are set, of the entities that are in memory. */
  get size(): number {
    return this.#set
  }

  /** How many entries the queue has for them; not all need hold. */
  get entries(): number {
    return this.#queue.size
  }

  at(slot: number, name: TimerName): number | undefined {
    return this.#timers.at(slot, name)
  }

  set(slot: number, name: TimerName, at: number): void {
    const before = this.#timers.at(slot, name)
    if (before === at) return
    this.#timers.set(slot, name, at)
    if (before === undefined) this.#set++
    this.#note(slot)
    const { low, high } = this.#index()
    this.#queue.add(at, low(slot), high(slot), name)
    if (this.#queue.size > this.#sweepAt) this.#sweep()
  }

  clear(slot: number, name: TimerName): void {
    if (this.#timers.at(slot, name) !== undefined) this.#remove(slot, name)
  }

  /** The entity in the slot is gone. */
  clearAll(slot: number): void {
    this.newest.clear(slot)
    if (slot >= this.#timers.length) return
    this.#set -= this.#timers.size(slot)
    this.#timers.clear(slot)
    this.#timers.setChanged(slot, false)
  }

  /** From now on the timers of these slots, in order, are those of 0, 1, 2, …; what is not among them left memory. */
  keep(slots: readonly number[]): void {
    this.newest.clearAll()
    this.#timers.keep(slots)
    this.#set = 0
    for (let slot = 0; slot < this.#timers.length; slot++) this.#set += this.#timers.size(slot)
  }

  forEach(slot: number, visit: VisitTimer): void {
    this.#timers.forEach(slot, visit)
  }

  /** The entity in this slot has come from the store. */
  load(slot: number): void {
    const { low, high } = this.#index()
    this.#stored!.load(low(slot), high(slot), (name, at) => {
      this.#timers.set(slot, name, at)
      this.#set++
    })
  }

  /**
   * The slots whose timers have changed since the last call, and which are stored from now on: those that are far away
   * may leave memory.
   */
  takeChanged(): number[] {
    const taken: number[] = []
    for (const slot of this.#changed) {
      if (this.#timers.isChanged(slot)) taken.push(slot) // once, also where the slot was given anew
      this.#timers.setChanged(slot, false)
    }
    this.#changed = []
    if (this.#stored !== undefined) this.#forgetFar()
    return taken
  }

  /**
   * Takes the timer that is first of those that are due at `now`; it is not set any more. Gives the slot of its entity,
   * -1 where none is due. What is set meanwhile takes its place among those that are due.
   */
  takeDue(now: number): number {
    const slot = this.findDue(now)
    if (slot >= 0) this.#remove(slot, this.#due.name)
    return slot
  }

  /** As `takeDue`, but the timer stays set, until `fire` is called for it. */
  findDue(now: number): number {
    const due = this.#due
    for (;;) {
      if (due.size > 0 || this.#horizon <= now || !this.#queue.takeAlone(now, due)) {
        this.#fillDue(now)
        if (!due.shift()) return -1
      }
      const slot = this.#find(due.low, due.high)
      if (slot >= 0 && this.#timers.isAt(slot, due.name, due.at)) return slot
    }
  }

  /** The timer is not set any more; `false` where it was not set, or not to this time. */
  fire(slot: number, name: TimerName, at: number): boolean {
    if (!this.#timers.isAt(slot, name, at)) return false
    this.#remove(slot, name)
    return true
  }

  /** The first timer of an entity that is due at `now`, if one is. */
  dueOf(slot: number, now: number): ReturnType<SlotTimers['firstUntil']> {
    return this.#timers.firstUntil(slot, now)
  }

  /** What is due fires some other time. */
  putBack(): void {
    const due = this.#due
    while (due.shift()) this.#queue.add(due.at, due.low, due.high, due.name)
  }

  /** Who fires them. `undefined` where somebody does so already; the result lets others do so. */
  use(): (() => void) | undefined {
    if (this.#used) return undefined
    this.#used = true
    this.#rebuild() // whoever did so before may have left some that he had found due
    return () => {
      this.#used = false
    }
  }

  #note(slot: number): void {
    if (this.#stored === undefined || this.#timers.isChanged(slot)) return
    this.#timers.setChanged(slot, true)
    this.#changed.push(slot)
  }

  #remove(slot: number, name: TimerName): void {
    this.#timers.delete(slot, name)
    this.#note(slot)
    this.#set--
  }

  /** Takes out of the queue what does not hold any more, where that is most of it. */
  #sweep(): void {
    if (this.#queue.size > 2 * this.#set + this.#timers.length) this.#rebuild()
    this.#sweepAt = 2 * this.#queue.size + goneTolerated
  }

  #rebuild(): void {
    const { find, low, high } = this.#index()
    this.#queue.keep((_at, low, high) => find(low, high) < 0)
    for (let slot = 0; slot < this.#timers.length; slot++) {
      this.#timers.forEach(slot, (name, at) => {
        this.#queue.add(at, low(slot), high(slot), name)
      })
    }
  }

  /** Where only the time is known, as from the store, all that the entity has at that time. */
  readonly #addDue = (at: number, low: number, high: number, name: TimerName | undefined): void => {
    if (name !== undefined) {
      this.#due.add(at, low, high, name)
      return
    }
    const slot = this.#find(low, high)
    this.#timers.forEach(slot, (name, when) => {
      if (when === at) this.#due.add(at, low, high, name)
    })
  }

  readonly #addStored = (at: number, low: number, high: number): void => {
    this.#queue.add(at, low, high, undefined)
  }

  /** Takes what is due from the queue, up to the time that the first of `due` has. */
  #fillDue(now: number): void {
    const queue = this.#queue
    const due = this.#due
    do {
      while (this.#horizon <= now && this.#horizon < queue.next && this.#horizon < due.next)
        this.#horizon = this.#stored!.after(this.#horizon, mostNear, this.#addStored)
      const first = queue.next
      if (first === Infinity || first > now || first > due.next) return
      do queue.takeFirst(this.#addDue)
      while (queue.next === first)
      due.order()
    } while (due.size === 0) // where none of that time is set any more
  }

  #forgetFar(): void {
    const queue = this.#queue
    if (queue.size > 2 * mostNear) this.#horizon = Math.min(this.#horizon, queue.timeOf(mostNear))
    if (this.#horizon < Infinity && queue.last() > this.#horizon) queue.keep((at) => at <= this.#horizon)
  }
}
