import { createGate } from '../context/backPressure.ts'
import { within, type Context } from '../context/context.ts'
import type { StepMeter } from '../context/meter.ts'
import { withKeyOf } from '../state/entityLocator.ts'
import type { KeyFunction } from '../key/key.ts'
import type { Exchange } from '../state/exchange.ts'
import type { Operation } from './step.ts'

export interface ExchangedOptions<In> {
  readonly context: Context
  readonly meter: StepMeter | undefined
  readonly step: string
  readonly partition: string
  readonly key: KeyFunction<In>
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
  const { context, meter, step, partition, key, fail } = options
  const { next, complete = options.complete } = here
  const { holds } = context.backPressure
  const { stopping } = context.shutdown
  const { isHere, leave } = exchange.join<In>({
    pipeline: context.pipeline,
    step,
    partition,
    held: () => holds.held,
    onFree: (resume) => holds.onFree(resume),
    gate: createGate(holds, `${step}: exchange`),
    receive(messages) {
      if (meter !== undefined) meter.received += messages.length
      within(context, () => {
        for (const message of messages) next(message)
      })
    },
    refuse(error, message) {
      within(context, fail, error, message)
    },
  })

  const isHereByKey = withKeyOf(partition, key, isHere)

  const completeNow = (): void => {
    leave()
    within(context, complete)
  }

  return {
    ...here,
    next(message) {
      try {
        if (!isHereByKey(message)) {
          if (meter !== undefined) meter.elsewhere++
          return
        }
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
