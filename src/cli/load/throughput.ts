import { build } from 'hdr-histogram-js'
import { count } from '../format.ts'

/** Messages a second, over the whole seconds since the first one. */
export interface Throughput {
  /** So many messages at `now`, in milliseconds that never fall. */
  add(messages: number, now: number): void
  /** A line for the end; `undefined` before two seconds have passed. */
  line(): string | undefined
}

const fastest = 1e9

export function createThroughput(): Throughput {
  // What a second came to, for each of them: constant memory, however long it takes.
  const seconds = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: fastest,
    numberOfSignificantValueDigits: 3,
  })
  let end: number | undefined // of the present second
  let inSecond = 0
  return {
    add(messages, now) {
      end ??= now + 1000
      while (now >= end) {
        seconds.recordValue(Math.min(inSecond, fastest))
        inSecond = 0
        end += 1000
      }
      inSecond += messages
    },
    line() {
      if (seconds.totalCount < 2) return undefined
      const at = (percentile: number): string =>
        count(Math.min(seconds.getValueAtPercentile(percentile), seconds.maxValue))
      const span = `in ${count(seconds.totalCount)} whole seconds`
      return `messages a second  min ${at(0)}  median ${at(50)}  max ${count(seconds.maxValue)}  ${span}`
    },
  }
}
