import { createDeferred } from '../../../base/deferred.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import type { Broker } from '../broker/broker.ts'
import type { Timeline } from './timeline.ts'

/** What one call meets: before it takes effect, and after that. */
export interface Fate {
  /** In ms, on the way there and on the way back, besides what it always takes. */
  readonly slow?: number
  /** Whether its answer does not arrive. */
  readonly lost?: boolean
  /** What becomes of the process when the call has, or has not yet, taken effect. */
  readonly before?: End
  readonly after?: End
}

export type End = 'kill' | { readonly freeze: number }

/**
 * Has the broker do something; resolves to what came of it. Rejects as `unreachable` when the timeout is over, in ms,
 * whether it was done or not, and when the process is dead: what it does from then on is in vain.
 */
export type Call = <Result>(what: string, timeout: number, work: () => Result | Promise<Result>) => Promise<Result>

/** The process that calls. */
export interface Caller {
  readonly isDead: boolean
  fate: ((what: string) => Fate | undefined) | undefined
  after(milliseconds: number, work: () => void): () => void
  run(work: () => void): void
  kill(): void
  freeze(milliseconds: number): void
}

export interface CallParts {
  readonly process: Caller
  readonly timeline: Timeline
  readonly broker: Broker
  /** In ms: how long something is on its way. */
  readonly latency: () => number
  /** Those who are told that the process is dead. */
  readonly waiting: Set<(error: unknown) => void>
}

/** In ms: after so long a client asks again by itself, where it waits for ever. */
const untilAskedAgain = 1000

/** How a process has a broker do something. */
export function createCall({ process, timeline, broker, latency, waiting }: CallParts): Call {
  const suffer = (end: End | undefined): void => {
    if (end === 'kill') process.kill()
    else if (end !== undefined) process.freeze(end.freeze)
  }

  return <Result>(what: string, timeout: number, work: () => Result | Promise<Result>): Promise<Result> => {
    const { slow = 0, lost = false, before, after } = process.fate?.(what) ?? {}
    const { promise, resolve, reject } = createDeferred<Result>()
    let isOver = false
    let forgetTimeout = (): void => undefined

    const settle = (how: () => void): void => {
      if (isOver) return
      isOver = true
      waiting.delete(die)
      forgetTimeout()
      how()
    }
    const die = (error: unknown): void => {
      isOver = true
      reject(error)
    }
    const answer = (how: () => void): void => {
      if (lost && timeout < Infinity) return
      timeline.after(latency() + slow + (lost ? untilAskedAgain : 0), () => {
        process.run(() => {
          settle(how)
        })
      })
    }
    const arrive = async (): Promise<void> => {
      if (!broker.isUp) await broker.whenUp()
      if (isOver && !process.isDead) return // whoever asked has given it up
      try {
        const result = await work()
        answer(() => {
          resolve(result)
        })
      } catch (error) {
        answer(() => {
          reject(error)
        })
      }
    }
    const send = (): void => {
      timeline.after(latency() + slow, () => void arrive())
      if (timeout < Infinity) {
        forgetTimeout = process.after(timeout, () => {
          settle(() => {
            reject(new KafkaError('unreachable', `${what}: no answer within ${timeout} ms`, -185))
          })
        })
      }
      suffer(after)
    }

    waiting.add(die)
    suffer(before)
    process.run(send)
    return promise
  }
}
