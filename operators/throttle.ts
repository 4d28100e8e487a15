import type { Holds } from '../src/holds.ts'

/** Holds the sources while as many messages as `most` are inside a step. */
export interface Throttle {
  entered(): void
  left(): void
  /** The step has ended; its hold with it. */
  end(): void
}

export function throttle(holds: Holds, name: string, most: number): Throttle {
  let inside = 0
  let release: (() => void) | undefined
  const drop = (): void => {
    const releaseNow = release
    release = undefined // first: a source that reads on at once may bring the load back up
    releaseNow?.()
  }
  return {
    entered() {
      if (++inside >= most) release ??= holds.take(name)
    },
    left() {
      if (--inside < most) drop()
    },
    end: drop,
  }
}

export function isPromise<Value>(value: PromiseLike<Value> | Value): value is PromiseLike<Value> {
  return typeof (value as Partial<PromiseLike<Value>> | null | undefined)?.then === 'function'
}
