import { compareNames, type TimerName } from './timerName.ts'

const few = 8 // are ordered one by one

/**
 * Timers that are due, in the order they fire in: of time, key as a number of 64 bits, name. The first one is the last
 * of the columns, so that it is taken and others come before it without anything being moved.
 */
export class DueTimers {
  /** What was taken. */
  at = NaN
  low = 0
  high = 0
  name: TimerName = 0
  private times: number[] = []
  private lows: number[] = []
  private highs: number[] = []
  private names: TimerName[] = []
  private ordered = 0
  /** As the first one, all that are there. */
  private sameName = true
  private sameTime = true

  get size(): number {
    return this.times.length
  }

  /** The time of the first one; Infinity where there is none. */
  get next(): number {
    const { times } = this
    return times.length === 0 ? Infinity : times[times.length - 1]!
  }

  add(at: number, low: number, high: number, name: TimerName): void {
    if (this.times.length === 0) this.sameName = this.sameTime = true
    else {
      this.sameTime &&= at === this.times[0]
      this.sameName &&= name === this.names[0]
    }
    this.times.push(at)
    this.lows.push(low)
    this.highs.push(high)
    this.names.push(name)
  }

  /** Puts what was added since the last call in its place. */
  order(): void {
    if (this.times.length - this.ordered <= few) this.insert(this.ordered)
    else if (this.sameName && this.sameTime) this.sortKeys()
    else this.sort()
    this.ordered = this.times.length
  }

  /** Takes the first one; `false` where there is none. */
  shift(): boolean {
    const { times, lows, highs, names } = this
    if (times.length === 0) return false
    this.take(times.pop()!, lows.pop()!, highs.pop()!, names.pop()!)
    this.ordered = times.length
    return true
  }

  /** It is as if it had been the first one. */
  take(at: number, low: number, high: number, name: TimerName): void {
    this.at = at
    this.low = low
    this.high = high
    this.name = name
  }

  /** Whether one of the columns fires before another one. */
  private isBefore(one: number, other: number): boolean {
    const { times, lows, highs, names } = this
    if (times[one] !== times[other]) return times[one]! < times[other]!
    if (highs[one] !== highs[other]) return highs[one]! >>> 0 < highs[other]! >>> 0
    if (lows[one] !== lows[other]) return lows[one]! >>> 0 < lows[other]! >>> 0
    return compareNames(names[one]!, names[other]!) < 0
  }

  private insert(from: number): void {
    const { times, lows, highs, names } = this
    for (let at = from; at < times.length; at++) {
      for (let place = at; place > 0 && this.isBefore(place - 1, place); place--) {
        swap(times, place)
        swap(lows, place)
        swap(highs, place)
        swap(names, place)
      }
    }
  }

  private sort(): void {
    const order = Array.from(this.times, (_, at) => at).sort((one, other) => (this.isBefore(one, other) ? 1 : -1))
    this.times = order.map((at) => this.times[at]!)
    this.lows = order.map((at) => this.lows[at]!)
    this.highs = order.map((at) => this.highs[at]!)
    this.names = order.map((at) => this.names[at]!)
  }

  /** Sorts the keys, where nothing else differs: as numbers of 64 bits, without an object for each. */
  private sortKeys(): void {
    const { lows, highs } = this
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
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
const lowOffset = littleEndian ? 0 : 4
const highOffset = 4 - lowOffset

/** With the one before it. */
function swap<Value>(column: Value[], place: number): void {
  const moved = column[place]!
  column[place] = column[place - 1]!
  column[place - 1] = moved
}
