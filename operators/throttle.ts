import type { Context } from '../src/context.ts'

/** Counts the messages inside an asynchronous step, and holds the sources while there are as many as `most`. */
export interface Throttle {
  entered(): void
  left(): void
  /** The step has ended; its hold with it. */
  end(): void
}

export function throttle({ holds, inside: insideCount }: Context, name: string, most: number): Throttle {
  let inside = 0
  let release: (() => void) | undefined
  const drop = (): void => {
    const releaseNow = release
    release = undefined // first: a source that reads on at once may bring the load back up
    releaseNow?.()
  }
  return {
    entered() {
      insideCount.entered()
      if (++inside >= most) release ??= holds.take(name)
    },
    left() {
      if (inside === 0) return // the step has ended, and its messages were left with it
      insideCount.left()
      if (--inside < most) drop()
    },
    end() {
      for (; inside > 0; inside--) insideCount.left()
      drop()
    },
  }
}

export function isPromise<Value>(value: PromiseLike<Value> | Value): value is PromiseLike<Value> {
  return typeof (value as Partial<PromiseLike<Value>> | null | undefined)?.then === 'function'
}
