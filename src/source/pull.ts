import type { Upstream } from '../context/upstream.ts'
import { isBlocked, whenUnblocked } from '../context/backPressure.ts'
import { within, type Context } from '../context/context.ts'
import { handOver, handOverAs } from '../context/time/handOver.ts'

export interface PullOptions<Item> {
  readonly context: Context
  /** Where the items come from. */
  readonly origin: string
  /**
   * The pipeline that stands behind the iterator, where one may: what it has taken passes also while this one is held.
   */
  readonly behind?: Upstream | undefined
  /** Gives the items; told by the signal that no further one is wanted, and then lets go of what it has open. */
  readonly items: (signal: AbortSignal) => AsyncIterator<Item>
  readonly next: (item: Item) => void
  readonly complete: () => void
  readonly error: (error: unknown) => void
}

/**
 * Takes item after item from an iterator, each only when nothing holds the pipeline, and hands it over inside the
 * context. The result ends it: no call afterwards. Stops, and completes, when the context says so; a pipeline behind it
 * is let come to its end.
 */
export function pull<Item>({ context, origin, behind, items, next, complete, error }: PullOptions<Item>): () => void {
  const { holds } = context.backPressure
  const { stopping } = context.shutdown
  const ending = new AbortController()
  let ended = false
  let iterator: AsyncIterator<Item> | undefined

  const end = (): void => {
    if (ended) return
    ended = true
    stopping.removeEventListener('abort', stop)
    behind?.end()
    ending.abort()
    // An iterator in the middle of `next` may return only after it, so nobody waits for this.
    letGo().catch(() => undefined)
  }

  // `async` also makes a rejection of what `return` throws at once.
  const letGo = async (): Promise<unknown> => iterator?.return?.()

  /** An item that is taken but held is handed over before the end; one that is only asked for is not waited for. */
  const stop = (): void => {
    if (behind?.ends === true) behind.stop()
    else if (!taken) {
      end()
      within(context, complete)
    }
  }
  /** What comes of a pipeline behind is of the origin that it has come from there. */
  const pass = (item: Item): void => {
    const came = behind?.context.time.register
    if (came === undefined || (came.origin === undefined && came.clock === undefined)) {
      handOver(context, origin, next, item)
    } else handOverAs(context, came, next, item)
  }
  let taken = false
  const mayGo = (): Promise<void> =>
    new Promise((resolve) => void whenUnblocked(holds, behind?.context.backPressure.bridgeInFlight, resolve))

  const takeAll = async (): Promise<void> => {
    try {
      const from = items(ending.signal)
      iterator = from
      for (;;) {
        if (isBlocked(holds, behind?.context.backPressure.bridgeInFlight)) await mayGo()
        if (ended) return
        const result = await from.next()
        if (ended) return
        if (result.done === true) break
        taken = true
        while (isBlocked(holds, behind?.context.backPressure.bridgeInFlight)) await mayGo()
        if (ended) return
        pass(result.value)
        taken = false
        if (stopping.aborted && behind?.ends !== true) break
      }
      end()
      handOver(context, origin, complete)
    } catch (thrown) {
      if (ended) return
      end()
      within(context, error, thrown)
    }
  }

  stopping.addEventListener('abort', stop)
  void takeAll()
  return end
}
