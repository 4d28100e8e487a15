import { compareNames, type TimerName } from './timerName.ts'

/**
 * Timers that are due, in the order they fire in: of time, key as a number of 64 bits, name. The first one is the last
 * of the columns, so that it is taken and others come before it without anything being moved.
 */
export interface DueTimers {
  readonly size: number
  /** The time of the first one; Infinity where there is none. */
  readonly next: number
  /** What `shift` took. */
  readonly at: number
  readonly low: number
  readonly high: number
  readonly name: TimerName
  add(at: number, low: number, high: number, name: TimerName): void
  /** Puts what was added since the last call in its place. */
  order(): void
  /** Takes the first one; `false` where there is none. */
  shift(): boolean
}

const few = 8 // are ordered one by one

export function createDueTimers(): DueTimers {
  let times: number[] = []
  let lows: number[] = []
  let highs: number[] = []
  let names: TimerName[] = []
  let ordered = 0
  let sameName = true // as the first one, all that were added since `ordered` was 0
  let sameTime = true
  const taken = { at: 0, low: 0, high: 0, name: 0 as TimerName }

  /** Whether one of the columns fires before another one. */
  const isBefore = (one: number, other: number): boolean => {
    if (times[one] !== times[other]) return times[one]! < times[other]!
    if (highs[one] !== highs[other]) return highs[one]! >>> 0 < highs[other]! >>> 0
    if (lows[one] !== lows[other]) return lows[one]! >>> 0 < lows[other]! >>> 0
    return compareNames(names[one]!, names[other]!) < 0
  }

  const swap = (one: number, other: number): void => {
    swapIn(times, one, other)
    swapIn(lows, one, other)
    swapIn(highs, one, other)
    swapIn(names, one, other)
  }

  const insert = (from: number): void => {
    for (let at = from; at < times.length; at++) {
      for (let place = at; place > 0 && isBefore(place - 1, place); place--) swap(place - 1, place)
    }
  }

  const sort = (): void => {
    const order = Array.from(times, (_, at) => at).sort((one, other) => (isBefore(one, other) ? 1 : -1))
    times = order.map((at) => times[at]!)
    lows = order.map((at) => lows[at]!)
    highs = order.map((at) => highs[at]!)
    names = order.map((at) => names[at]!)
  }

  /** Sorts the keys, where nothing else differs: as numbers of 64 bits, without an object for each. */
  const sortKeys = (): void => {
    const keys = new BigUint64Array(lows.length)
    const view = new DataView(keys.buffer)
    const last = lows.length - 1
    for (let at = 0; at <= last; at++) {
      view.setInt32(8 * at + lowOffset, lows[at]!, littleEndian)
      view.setInt32(8 * at + highOffset, highs[at]!, littleEndian)
    }
    keys.sort()
    for (let at = 0; at <= last; at++) {
      lows[last - at] = view.getInt32(8 * at + lowOffset, littleEndian)
      highs[last - at] = view.getInt32(8 * at + highOffset, littleEndian)
    }
  }

  return {
    get size() {
      return times.length
    },
    get next() {
      return times.length === 0 ? Infinity : times[times.length - 1]!
    },
    get at() {
      return taken.at
    },
    get low() {
      return taken.low
    },
    get high() {
      return taken.high
    },
    get name() {
      return taken.name
    },
    add(at, low, high, name) {
      if (times.length === 0) sameName = sameTime = true
      else {
        sameTime &&= at === times[0]
        sameName &&= name === names[0]
      }
      times.push(at)
      lows.push(low)
      highs.push(high)
      names.push(name)
    },
    order() {
      if (times.length - ordered <= few) insert(ordered)
      else if (sameName && sameTime) sortKeys()
      else sort()
      ordered = times.length
    },
    shift() {
      if (times.length === 0) return false
      taken.at = times.pop()!
      taken.low = lows.pop()!
      taken.high = highs.pop()!
      taken.name = names.pop()!
      ordered = times.length
      return true
    },
  }
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
const lowOffset = littleEndian ? 0 : 4
const highOffset = 4 - lowOffset

function swapIn<Value>(column: Value[], one: number, other: number): void {
  const moved = column[one]!
  column[one] = column[other]!
  column[other] = moved
}
