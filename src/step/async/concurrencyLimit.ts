import { createGate } from '../../context/backPressure.ts'
import type { Context } from '../../context/context.ts'

/** Counts the messages inside an asynchronous step, and holds the sources while there are as many as `most`. */
export interface ConcurrencyLimit {
  /** Messages that are inside. */
  readonly inside: number
  enter(): void
  leave(): void
  /** The step has ended; its hold with it. */
  end(): void
}

export function concurrencyLimit({ backPressure }: Context, name: string, most: number): ConcurrencyLimit {
  const { holds, inFlight } = backPressure
  const gate = createGate(holds, name)
  let inside = 0
  return {
    get inside() {
      return inside
    },
    enter() {
      inFlight.enter()
      if (++inside >= most) gate.close()
    },
    leave() {
      if (inside === 0) return // the step has ended, and its messages were left with it
      inFlight.leave()
      if (--inside < most) gate.open()
    },
    end() {
      for (; inside > 0; inside--) inFlight.leave()
      gate.open()
    },
  }
}

export function isPromise<Value>(value: PromiseLike<Value> | Value): value is PromiseLike<Value> {
  return typeof (value as Partial<PromiseLike<Value>> | null | undefined)?.then === 'function'
}
