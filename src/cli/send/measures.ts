import { atWallClock, type StampPlace, writeStamp } from '../load/stamp.ts'
import { createThroughput } from '../load/throughput.ts'
import { createTimes } from '../load/times.ts'
import type { Line } from './line.ts'
import type { RateLimit } from './rateLimit.ts'

/** What is measured of the messages that are sent, by their numbers from 0 on. */
export interface SendMeasures {
  /** This one is written next: it gets its stamp. */
  writing(line: Line, index: number): void
  /** So many, from this one on, were handed to the operating system. */
  written(first: number, messages: number): void
  /** Lines for the end. */
  lines(): string[]
}

/**
 * A stamp is the time at which a message was due, not when it was written: what waits because those before it went late
 * was late as well, and who measures from the writing omits just the times that matter (coordinated omission). Without
 * a rate nothing is due, and it is when the message is written.
 */
export function createSendMeasures(place: StampPlace | undefined, rateLimit: RateLimit | undefined): SendMeasures {
  const throughput = createThroughput()
  const late = createTimes()
  return {
    writing({ frame, stampAt }, index) {
      if (stampAt === undefined) return
      writeStamp(frame, stampAt, place!, atWallClock(rateLimit?.due(index) ?? performance.now()))
    },
    written(first, messages) {
      const now = performance.now()
      throughput.add(messages, now)
      if (rateLimit === undefined) return
      for (let index = first; index < first + messages; index++) late.add(1000 * (now - rateLimit.due(index)))
    },
    lines: () => [throughput.line(), late.table('behind --rate')].filter((line) => line !== undefined),
  }
}
