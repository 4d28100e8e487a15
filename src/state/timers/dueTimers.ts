import { compareNames, type TimerName } from './timerName.ts'

const few = 8 // are ordered one by one
const leastCapacity = 64

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
  private times = new Float64Array(leastCapacity)
  private keys = new BigUint64Array(leastCapacity)
  /** Of `keys`, in place. */
  private halves = new Int32Array(this.keys.buffer)
  private names: TimerName[] = []
  private count = 0
  private ordered = 0
  /** As the first one, all that are there. */
  private sameName = true
  private sameTime = true

  get size(): number {
    return this.count
  }

  /** The time of the first one; Infinity where there is none. */
  get next(): number {
    return this.count === 0 ? Infinity : this.times[this.count - 1]!
  }

  add(at: number, low: number, high: number, name: TimerName): void {
    const place = this.count++
    if (place === this.times.length) this.resize(2 * place)
    if (place === 0) this.sameName = this.sameTime = true
    else {
      this.sameTime &&= at === this.times[0]
      this.sameName &&= name === this.names[0]
    }
    this.put(place, at, low, high, name)
  }

  /** Puts what was added since the last call in its place. */
  order(): void {
    const { count } = this
    if (count - this.ordered <= few) this.insert(this.ordered)
    else if (this.sameName && this.sameTime) this.keys.subarray(0, count).sort().reverse()
    else this.sort()
    this.ordered = count
  }

  /** Takes the first one; `false` where there is none. */
  shift(): boolean {
    if (this.count === 0) return false
    const last = --this.count
    this.take(this.times[last]!, this.halves[2 * last + lowAt]!, this.halves[2 * last + highAt]!, this.names[last]!)
    this.ordered = last
    if (last === 0 && this.times.length > leastCapacity) this.resize(leastCapacity)
    return true
  }

  /** It is as if it had been the first one. */
  take(at: number, low: number, high: number, name: TimerName): void {
    this.at = at
    this.low = low
    this.high = high
    this.name = name
  }

  private put(place: number, at: number, low: number, high: number, name: TimerName): void {
    this.times[place] = at
    this.halves[2 * place + lowAt] = low
    this.halves[2 * place + highAt] = high
    this.names[place] = name
  }

  private resize(capacity: number): void {
    const [times, keys] = [this.times.subarray(0, this.count), this.keys.subarray(0, this.count)]
    this.times = new Float64Array(capacity)
    this.keys = new BigUint64Array(capacity)
    this.halves = new Int32Array(this.keys.buffer)
    this.times.set(times)
    this.keys.set(keys)
    this.names.length = this.count
  }

  /** Whether one of the columns fires before another one. */
  private isBefore(one: number, other: number): boolean {
    const { times, halves, names } = this
    if (times[one] !== times[other]) return times[one]! < times[other]!
    const [high, otherHigh] = [halves[2 * one + highAt]!, halves[2 * other + highAt]!]
    if (high !== otherHigh) return high >>> 0 < otherHigh >>> 0
    const [low, otherLow] = [halves[2 * one + lowAt]!, halves[2 * other + lowAt]!]
    if (low !== otherLow) return low >>> 0 < otherLow >>> 0
    return compareNames(names[one]!, names[other]!) < 0
  }

  private insert(from: number): void {
    for (let at = from; at < this.count; at++) {
      for (let place = at; place > 0 && this.isBefore(place - 1, place); place--) {
        swap(this.times, place)
        swap(this.keys, place)
        swap(this.names, place)
      }
    }
  }

  private sort(): void {
    const { times, keys, names, count } = this
    const order = Array.from({ length: count }, (_, at) => at).sort((one, other) =>
      this.isBefore(one, other) ? 1 : -1,
    )
    this.times.set(order.map((at) => times[at]!))
    this.keys.set(order.map((at) => keys[at]!))
    this.names = order.map((at) => names[at]!)
  }
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
const lowAt = littleEndian ? 0 : 1
const highAt = 1 - lowAt

/** With the one before it. */
function swap<Value>(column: Record<number, Value>, place: number): void {
  const moved = column[place]!
  column[place] = column[place - 1]!
  column[place - 1] = moved
}
