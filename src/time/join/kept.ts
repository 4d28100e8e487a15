/** A message that can still meet another one. */
export interface Kept<Message> {
  readonly t: number
  readonly message: Message
  /** Whether it has met one; counts for the left side. */
  met: boolean
}

/** Where the first one is whose time is at `from` or later. */
export function placeOfTime(kept: readonly Kept<unknown>[], from: number): number {
  let low = 0
  let high = kept.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (kept[middle]!.t < from) low = middle + 1
    else high = middle
  }
  return low
}

/** Puts one in by its time, behind those of the same time. Mostly that is the end. */
export function insertByTime<Message>(kept: Kept<Message>[], one: Kept<Message>): void {
  let place = kept.length
  if (place > 0 && kept[place - 1]!.t > one.t) place = placeOfTime(kept, justAfter(one.t))
  if (place === kept.length) kept.push(one)
  else kept.splice(place, 0, one)
}

const number = new Float64Array(1)
const bits = new BigInt64Array(number.buffer)

/** The least number that is greater: times need not be whole, and what is over at one is not over before it. */
export function justAfter(time: number): number {
  if (time === 0) return Number.MIN_VALUE
  number[0] = time
  bits[0]! += time > 0 ? 1n : -1n
  return number[0]
}
