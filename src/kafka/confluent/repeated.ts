import { systemClock } from '../../base/clock.ts'
import { KafkaError } from '../fault.ts'

/** Between two tries, in ms. */
const pause = 20

/** Does this until it fails otherwise than `again`: a partition made a moment ago has no leader yet. */
export async function repeated<Value>(timeout: number, work: (left: number) => Promise<Value>): Promise<Value> {
  const end = systemClock.elapsed() + timeout
  for (;;) {
    try {
      return await work(Math.max(1, end - systemClock.elapsed()))
    } catch (error) {
      const isOver = systemClock.elapsed() + pause > end
      if (isOver || !(error instanceof KafkaError) || error.fault !== 'again') throw error
    }
    await passed(pause)
  }
}

export const passed = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    systemClock.after(milliseconds, resolve)
  })
