import type { VisitTimer } from './storedTimers.ts'
import { compareNames, type TimerName } from './timerName.ts'

const leastCapacity = 64

/** The timers of entities, by slot. One of each entity stands in columns: most have no other, and need no object. */
export class SlotTimers {
  /** `undefined`: none of the entity is here. May end before the last slot, as do the other columns. */
  #names: (TimerName | undefined)[] = []
  #times = new Float64Array(leastCapacity)
  /** 1: they are not as they were last stored. */
  #changed = new Uint8Array(leastCapacity)
  /** Those that are not in the columns. */
  #others = new Map<number, Map<TimerName, number>>()

  /** As many slots as have or had timers. */
  get length(): number {
    return this.#names.length
  }

  size(slot: number): number {
    return (this.#names[slot] === undefined ? 0 : 1) + (this.#others.get(slot)?.size ?? 0)
  }

  /** When it fires; `undefined` where it is not set. */
  at(slot: number, name: TimerName): number | undefined {
    if (slot < this.#names.length && this.#names[slot] === name) return this.#times[slot]
    return this.#others.size === 0 ? undefined : this.#others.get(slot)?.get(name)
  }

  isAt(slot: number, name: TimerName, at: number): boolean {
    if (slot < this.#names.length && this.#names[slot] === name) return this.#times[slot] === at
    return this.#others.size > 0 && this.#others.get(slot)?.get(name) === at
  }

  set(slot: number, name: TimerName, at: number): void {
    if (slot >= this.#names.length) this.#grow(slot)
    const first = this.#names[slot]
    if (first === name) this.#times[slot] = at
    else if (first !== undefined || this.#others.get(slot)?.has(name) === true) this.#setOther(slot, name, at)
    else {
      this.#names[slot] = name
      this.#times[slot] = at
    }
  }

  delete(slot: number, name: TimerName): void {
    if (this.#names[slot] === name) this.#names[slot] = undefined
    else if (this.#others.get(slot)?.delete(name) === true && this.#others.get(slot)!.size === 0) {
      this.#others.delete(slot)
    }
  }

  clear(slot: number): void {
    if (slot >= this.#names.length) return
    this.#names[slot] = undefined
    if (this.#others.size > 0) this.#others.delete(slot)
  }

  forEach(slot: number, visit: VisitTimer): void {
    const first = this.#names[slot]
    if (first !== undefined) visit(first, this.#times[slot]!)
    this.#others.get(slot)?.forEach((at, name) => {
      visit(name, at)
    })
  }

  /** The first of the entity that is not later. */
  firstUntil(slot: number, now: number): { readonly name: TimerName; readonly at: number } | undefined {
    let first: { name: TimerName; at: number } | undefined
    this.forEach(slot, (name, at) => {
      if (at > now) return
      if (first === undefined || at < first.at || (at === first.at && compareNames(name, first.name) < 0)) {
        first = { name, at }
      }
    })
    return first
  }

  isChanged(slot: number): boolean {
    return this.#changed[slot] === 1
  }

  /** They are not, or are again, as they were last stored. Of a slot that has or had timers. */
  setChanged(slot: number, isChanged: boolean): void {
    this.#changed[slot] = isChanged ? 1 : 0
  }

  /** From now on the timers of these slots, in order, are those of 0, 1, 2, …, and none has changed. */
  keep(slots: readonly number[]): void {
    const [names, times, others] = [this.#names, this.#times, this.#others]
    this.#names = []
    this.#times = new Float64Array(leastCapacity)
    this.#changed = new Uint8Array(leastCapacity)
    this.#others = new Map()
    slots.forEach((before, slot) => {
      const name = names[before]
      if (name !== undefined) this.set(slot, name, times[before]!)
      const more = others.get(before)
      if (more === undefined) return
      if (slot >= this.#names.length) this.#grow(slot)
      this.#others.set(slot, more)
    })
  }

  #setOther(slot: number, name: TimerName, at: number): void {
    const others = this.#others.get(slot)
    if (others === undefined) this.#others.set(slot, new Map([[name, at]]))
    else others.set(name, at)
  }

  #grow(slot: number): void {
    while (this.#names.length <= slot) this.#names.push(undefined)
    if (slot < this.#times.length) return
    const [times, changed] = [this.#times, this.#changed]
    this.#times = new Float64Array(2 * slot)
    this.#times.set(times)
    this.#changed = new Uint8Array(2 * slot)
    this.#changed.set(changed)
  }
}
