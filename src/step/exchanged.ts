import { within, type Context } from '../context/context.ts'
import type { KeyLocator } from '../state/entityLocator.ts'
import type { Exchange } from '../state/exchange.ts'
import type { Operation } from './step.ts'

export interface ExchangedOptions<In> {
  readonly context: Context
  readonly step: string
  readonly partition: string
  readonly locateKey: KeyLocator<In>
  /** What becomes of a message whose key cannot be found. */
  readonly fail: (thrown: unknown, message: In) => void
  /** Completes the output, where the operation does not do it itself. */
  readonly complete: () => void
}

/**
 * A step whose entities are on several workers: it takes the messages of the entities that are here, wherever they
 * come from. Its own source may end before; it completes when the run stops.
 */
export function exchanged<In>(exchange: Exchange, here: Operation<In>, options: ExchangedOptions<In>): Operation<In> {
  const { context, step, partition, locateKey, fail } = options
  const { next, complete = options.complete } = here
  const { holds } = context.backPressure
  const { stopping } = context.shutdown
  const halves = new Uint32Array(2)
  const { isHere, leave } = exchange.join<In>({
    pipeline: context.pipeline,
    step,
    partition,
    held: () => holds.held,
    onFree: (resume) => holds.onFree(resume),
    receive(messages) {
      within(context, () => {
        for (const message of messages) next(message)
      })
    },
  })

  const completeNow = (): void => {
    leave()
    within(context, complete)
  }

  return {
    ...here,
    next(message) {
      try {
        locateKey(message, halves)
        if (!isHere(halves[0]! | 0, halves[1]! | 0, message)) return
      } catch (thrown) {
        fail(thrown, message)
        return
      }
      next(message)
    },
    complete() {
      if (stopping.aborted) completeNow()
      else stopping.addEventListener('abort', completeNow, { once: true })
    },
    finalize() {
      leave()
      stopping.removeEventListener('abort', completeNow)
      here.finalize?.()
    },
  }
}
