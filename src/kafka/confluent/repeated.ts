import { systemClock } from '../../base/clock.ts'
import { KafkaError } from '../fault.ts'

/** Between two tries, in ms. */
const pause = 20

/** The connection broke while an answer was awaited: a broker is restarted, say. */
const transportFailure = -195

/**
 * Does what may be done twice, until it fails otherwise than `again`: a partition made a moment ago has no leader yet,
 * and a broker may end while it is asked.
 */
export async function repeated<Value>(
  timeout: number,
  work: (left: number, isFirst: boolean) => Promise<Value>,
): Promise<Value> {
  const end = systemClock.elapsed() + timeout
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await work(Math.max(1, end - systemClock.elapsed()), isFirst)
    } catch (error) {
      if (systemClock.elapsed() + pause > end || !mayPass(error)) throw error
    }
    await passed(pause)
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof KafkaError && (error.fault === 'again' || error.number === transportFailure)

export const passed = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    systemClock.after(milliseconds, resolve)
  })

/** For what is missing when it is deleted once more: the first time has done it. */
export const unlessDone =
  (isFirst: boolean) =>
  (error: unknown): void => {
    if (isFirst || !(error instanceof KafkaError) || error.fault !== 'missing') throw error
  }
