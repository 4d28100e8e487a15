import type { DueTimers } from './dueTimers.ts'
import type { TimerName } from './timerName.ts'

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
export interface TimerQueue {
  /** Entries, those that do not hold any more too. */
  readonly size: number
  /** The least time; Infinity where there is none. */
  readonly next: number
  add(at: number, low: number, high: number, name: TimerName | undefined): void
  /** Takes entries of the least time: `take` gets each, in no order. There may be more of that time. */
  takeFirst(take: TakeTimer): void
  /**
   * Takes the first entry and gives it to `due`, if it is due, the only one of its time, and known by name. Otherwise
   * `false`, and nothing is taken.
   */
  takeAlone(now: number, due: Pick<DueTimers, 'take'>): boolean
  /** The greatest time. */
  last(): number
  /** The time of the entry that is so many behind the first one. */
  timeOf(place: number): number
  /** Takes out the entries that `keeps` says `false` for. */
  keep(keeps: (at: number, low: number, high: number) => boolean): void
}

export type TakeTimer = (at: number, low: number, high: number, name: TimerName | undefined) => void

const none = -1
const recentTimes = 256
const leastCapacity = 64

/** Spreads a time over the places of `recent`. */
const placeOf = (at: number): number => Math.imul(at | 0, 0x9e3779b1) >>> 24

export function createTimerQueue(): TimerQueue {
  let heapTimes = new Float64Array(leastCapacity)
  let heapFirst = new Int32Array(leastCapacity)
  let heapSize = 0
  let times = new Float64Array(leastCapacity) // NaN: the entry is free, or not the first of its list
  let lows = new Int32Array(leastCapacity)
  let highs = new Int32Array(leastCapacity)
  let nexts = new Int32Array(leastCapacity)
  let names: (TimerName | undefined)[] = []
  let used = 0 // entries that were ever used
  let free = none
  let size = 0
  const recent = new Int32Array(recentTimes).fill(none)

  const entryFor = (low: number, high: number, name: TimerName | undefined): number => {
    let entry = free
    if (entry === none) {
      entry = used++
      if (entry === times.length) growEntries()
      names.push(name)
    } else {
      free = nexts[entry]!
      names[entry] = name
    }
    lows[entry] = low
    highs[entry] = high
    size++
    return entry
  }

  const release = (entry: number): void => {
    times[entry] = NaN
    nexts[entry] = free
    free = entry
    names[entry] = undefined
    size--
  }

  const growEntries = (): void => {
    times = longer(times, new Float64Array(2 * times.length))
    lows = longer(lows, new Int32Array(2 * lows.length))
    highs = longer(highs, new Int32Array(2 * highs.length))
    nexts = longer(nexts, new Int32Array(2 * nexts.length))
  }

  const push = (at: number, first: number): void => {
    if (heapSize === heapTimes.length) {
      heapTimes = longer(heapTimes, new Float64Array(2 * heapSize))
      heapFirst = longer(heapFirst, new Int32Array(2 * heapSize))
    }
    let place = heapSize++
    while (place > 0) {
      const above = (place - 1) >> 1
      if (heapTimes[above]! <= at) break
      heapTimes[place] = heapTimes[above]!
      heapFirst[place] = heapFirst[above]!
      place = above
    }
    heapTimes[place] = at
    heapFirst[place] = first
  }

  const pop = (): number => {
    const first = heapFirst[0]!
    const at = heapTimes[--heapSize]!
    const moved = heapFirst[heapSize]!
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      if (below >= heapSize) break
      if (below + 1 < heapSize && heapTimes[below + 1]! < heapTimes[below]!) below++
      if (heapTimes[below]! >= at) break
      heapTimes[place] = heapTimes[below]!
      heapFirst[place] = heapFirst[below]!
      place = below
    }
    heapTimes[place] = at
    heapFirst[place] = moved
    return first
  }

  const add = (at: number, low: number, high: number, name: TimerName | undefined): void => {
    const entry = entryFor(low, high, name)
    const place = placeOf(at)
    const first = recent[place]!
    if (first !== none && times[first] === at) {
      times[entry] = NaN
      nexts[entry] = nexts[first]!
      nexts[first] = entry
      return
    }
    times[entry] = at
    nexts[entry] = none
    recent[place] = entry
    push(at, entry)
  }

  return {
    get size() {
      return size
    },
    get next() {
      return heapSize === 0 ? Infinity : heapTimes[0]!
    },
    add,
    takeAlone(now, due) {
      if (heapSize === 0) return false
      const at = heapTimes[0]!
      const entry = heapFirst[0]!
      const name = names[entry]
      if (at > now || name === undefined || nexts[entry] !== none) return false
      if ((heapSize > 1 && heapTimes[1] === at) || (heapSize > 2 && heapTimes[2] === at)) return false
      pop()
      due.take(at, lows[entry]!, highs[entry]!, name)
      release(entry)
      return true
    },
    takeFirst(take) {
      const at = heapTimes[0]!
      let entry = pop()
      while (entry !== none) {
        const next = nexts[entry]!
        take(at, lows[entry]!, highs[entry]!, names[entry])
        release(entry)
        entry = next
      }
    },
    last() {
      let last = -Infinity
      for (let place = 0; place < heapSize; place++) last = Math.max(last, heapTimes[place]!)
      return last
    },
    timeOf(wanted) {
      const all = new Float64Array(size)
      let filled = 0
      for (let place = 0; place < heapSize; place++) {
        for (let entry = heapFirst[place]!; entry !== none; entry = nexts[entry]!) all[filled++] = heapTimes[place]!
      }
      return all.sort()[wanted]!
    },
    keep(keeps) {
      const before = { heapTimes, heapFirst, heapSize, lows, highs, nexts, names }
      heapTimes = new Float64Array(leastCapacity)
      heapFirst = new Int32Array(leastCapacity)
      times = new Float64Array(leastCapacity)
      lows = new Int32Array(leastCapacity)
      highs = new Int32Array(leastCapacity)
      nexts = new Int32Array(leastCapacity)
      names = []
      heapSize = used = size = 0
      free = none
      recent.fill(none)
      for (let place = 0; place < before.heapSize; place++) {
        const at = before.heapTimes[place]!
        for (let entry = before.heapFirst[place]!; entry !== none; entry = before.nexts[entry]!) {
          const low = before.lows[entry]!
          const high = before.highs[entry]!
          if (keeps(at, low, high)) add(at, low, high, before.names[entry])
        }
      }
    },
  }
}

function longer<Column extends Float64Array | Int32Array>(column: Column, into: Column): Column {
  into.set(column)
  return into
}
