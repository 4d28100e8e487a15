import type { DueTimers } from './dueTimers.ts'
import type { TimerName } from './timerName.ts'

export type TakeTimer = (at: number, low: number, high: number, name: TimerName | undefined) => void

const none = -1
const recentTimes = 256
const leastCapacity = 64

/** Spreads a time over the places of `recent`. */
const placeOf = (at: number): number => Math.imul(at | 0, 0x9e3779b1) >>> 24

/**
 * Timers by their time: a binary heap of times, each with a list of the timers at it. Where many are set for one time,
 * as at the end of a window, they share a place in the heap as long as few other times come between. An entry is never
 * looked for: what was cleared or set anew stays until its time, and whoever takes it asks whether it still holds.
 *
 *   heap     times and the first entry of each, least time first
 *   entries  time, halves of the key, name, next entry of the list or of the free ones: columns that grow by doubling
 *   recent   the first entry of a time that was added lately, by a hash of the time
 *
 * 28 bytes for an entry and up to 12 for its place in the heap.
 */
export class TimerQueue {
  /** The least time; Infinity where there is none. A field, because it is looked at for each message. */
  next = Infinity
  #heapTimes = new Float64Array(leastCapacity)
  #heapFirst = new Int32Array(leastCapacity)
  #heapSize = 0
  #times = new Float64Array(leastCapacity) // NaN: the entry is free, or not the first of its list
  #lows = new Int32Array(leastCapacity)
  #highs = new Int32Array(leastCapacity)
  #nexts = new Int32Array(leastCapacity)
  #names: (TimerName | undefined)[] = []
  #used = 0 // entries that were ever used
  #free = none
  #size = 0
  readonly #recent = new Int32Array(recentTimes).fill(none)

  /** Entries, those that do not hold any more too. */
  get size(): number {
    return this.#size
  }

  add(at: number, low: number, high: number, name: TimerName | undefined): void {
    const entry = this.#entryFor(low, high, name)
    const place = placeOf(at)
    const first = this.#recent[place]!
    if (first !== none && this.#times[first] === at) {
      this.#times[entry] = NaN
      this.#nexts[entry] = this.#nexts[first]!
      this.#nexts[first] = entry
      return
    }
    this.#times[entry] = at
    this.#nexts[entry] = none
    this.#recent[place] = entry
    this.#push(at, entry)
  }

  /**
   * Takes the first entry and gives it to `due`, if it is due, the only one of its time, and known by name. Otherwise
   * `false`, and nothing is taken.
   */
  takeAlone(now: number, due: Pick<DueTimers, 'take'>): boolean {
    const size = this.#heapSize
    if (size === 0) return false
    const times = this.#heapTimes
    const at = times[0]!
    const entry = this.#heapFirst[0]!
    const name = this.#names[entry]
    if (at > now || name === undefined || this.#nexts[entry] !== none) return false
    if ((size > 1 && times[1] === at) || (size > 2 && times[2] === at)) return false
    this.#pop()
    due.take(at, this.#lows[entry]!, this.#highs[entry]!, name)
    this.#release(entry)
    return true
  }

  /** Takes entries of the least time: `take` gets each, in no order. There may be more of that time. */
  takeFirst(take: TakeTimer): void {
    const at = this.#heapTimes[0]!
    let entry = this.#pop()
    while (entry !== none) {
      const next = this.#nexts[entry]!
      take(at, this.#lows[entry]!, this.#highs[entry]!, this.#names[entry])
      this.#release(entry)
      entry = next
    }
  }

  /** The greatest time. */
  last(): number {
    let last = -Infinity
    for (let place = 0; place < this.#heapSize; place++) last = Math.max(last, this.#heapTimes[place]!)
    return last
  }

  /** The time of the entry that is so many behind the first one. */
  timeOf(wanted: number): number {
    const all = new Float64Array(this.#size)
    let filled = 0
    for (let place = 0; place < this.#heapSize; place++) {
      const at = this.#heapTimes[place]!
      for (let entry = this.#heapFirst[place]!; entry !== none; entry = this.#nexts[entry]!) all[filled++] = at
    }
    return all.sort()[wanted]!
  }

  /** Takes out the entries that `keeps` says `false` for. */
  keep(keeps: (at: number, low: number, high: number) => boolean): void {
    const [heapTimes, heapFirst, heapSize] = [this.#heapTimes, this.#heapFirst, this.#heapSize]
    const [lows, highs, nexts, names] = [this.#lows, this.#highs, this.#nexts, this.#names]
    this.#empty()
    for (let place = 0; place < heapSize; place++) {
      const at = heapTimes[place]!
      for (let entry = heapFirst[place]!; entry !== none; entry = nexts[entry]!) {
        const low = lows[entry]!
        const high = highs[entry]!
        if (keeps(at, low, high)) this.add(at, low, high, names[entry])
      }
    }
  }

  #empty(): void {
    this.#heapTimes = new Float64Array(leastCapacity)
    this.#heapFirst = new Int32Array(leastCapacity)
    this.#times = new Float64Array(leastCapacity)
    this.#lows = new Int32Array(leastCapacity)
    this.#highs = new Int32Array(leastCapacity)
    this.#nexts = new Int32Array(leastCapacity)
    this.#names = []
    this.#heapSize = this.#used = this.#size = 0
    this.#free = none
    this.next = Infinity
    this.#recent.fill(none)
  }

  #entryFor(low: number, high: number, name: TimerName | undefined): number {
    let entry = this.#free
    if (entry === none) {
      entry = this.#used++
      if (entry === this.#times.length) this.#growEntries()
      this.#names.push(name)
    } else {
      this.#free = this.#nexts[entry]!
      this.#names[entry] = name
    }
    this.#lows[entry] = low
    this.#highs[entry] = high
    this.#size++
    return entry
  }

  #release(entry: number): void {
    this.#times[entry] = NaN
    this.#nexts[entry] = this.#free
    this.#free = entry
    this.#names[entry] = undefined
    this.#size--
  }

  #growEntries(): void {
    const capacity = 2 * this.#times.length
    this.#times = copied(this.#times, new Float64Array(capacity))
    this.#lows = copied(this.#lows, new Int32Array(capacity))
    this.#highs = copied(this.#highs, new Int32Array(capacity))
    this.#nexts = copied(this.#nexts, new Int32Array(capacity))
  }

  #push(at: number, first: number): void {
    let place = this.#heapSize++
    if (place === this.#heapTimes.length) {
      this.#heapTimes = copied(this.#heapTimes, new Float64Array(2 * place))
      this.#heapFirst = copied(this.#heapFirst, new Int32Array(2 * place))
    }
    const times = this.#heapTimes
    const firsts = this.#heapFirst
    while (place > 0) {
      const above = (place - 1) >> 1
      if (times[above]! <= at) break
      times[place] = times[above]!
      firsts[place] = firsts[above]!
      place = above
    }
    times[place] = at
    firsts[place] = first
    this.next = times[0]!
  }

  #pop(): number {
    const times = this.#heapTimes
    const firsts = this.#heapFirst
    const size = --this.#heapSize
    const first = firsts[0]!
    const at = times[size]!
    const moved = firsts[size]!
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      if (below >= size) break
      if (below + 1 < size && times[below + 1]! < times[below]!) below++
      if (times[below]! >= at) break
      times[place] = times[below]!
      firsts[place] = firsts[below]!
      place = below
    }
    times[place] = at
    firsts[place] = moved
    this.next = size === 0 ? Infinity : times[0]!
    return first
  }
}

function copied<Column extends Float64Array | Int32Array>(column: Column, into: Column): Column {
  into.set(column)
  return into
}
