import { messages } from '../format.ts'
import { atWallClock, readStamp } from '../load/stamp.ts'
import { createThroughput } from '../load/throughput.ts'
import { createTimes } from '../load/times.ts'
import type { ReceiveOptions } from './options.ts'

/** What is measured of the messages that come. */
interface ReceiveMeasures {
  /** One has come, at a time of `performance.now()`. */
  received(message: Buffer, now: number): void
  /** Lines for the end. */
  lines(): string[]
}

export function createReceiveMeasures({
  stamp: place,
  framing,
}: Pick<ReceiveOptions, 'stamp' | 'framing'>): ReceiveMeasures {
  const throughput = createThroughput()
  const latency = createTimes()
  let unstamped = 0
  let early = 0 // came before they were sent, by the two clocks
  return {
    received(message, time) {
      if (framing !== 'none') throughput.add(1, time)
      if (place === undefined) return
      const now = atWallClock(time)
      const stamp = readStamp(message, place, now)
      if (stamp === undefined) {
        unstamped++
        return
      }
      if (stamp > now) early++
      latency.add(now - stamp)
    },
    lines() {
      const lines = [throughput.line(), latency.table('latency')]
      if (early > 0) lines.push(`${messages(early)} came before they were sent: the clocks differ. They count as 0 ms`)
      if (unstamped > 0) lines.push(`${messages(unstamped)} without a stamp where --stamp says`)
      return lines.filter((line) => line !== undefined)
    },
  }
}
