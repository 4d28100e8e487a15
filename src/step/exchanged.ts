import type { WallarxError } from '../base/errors.ts'
import { createGate } from '../context/backPressure.ts'
import { within, type Context } from '../context/context.ts'
import type { StepMeter } from '../context/meter.ts'
import { withKeyOf } from '../state/entityLocator.ts'
import type { KeyFunction } from '../key/key.ts'
import type { Exchange, ExchangeLink, ExchangeStep } from '../state/exchange.ts'
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
  const { holds, inFlight } = context.backPressure
  const { stopping } = context.shutdown
  let hasLeft = false
  const link = joined<In>(context, exchange, {
    pipeline: context.pipeline,
    step,
    partition,
    held: () => holds.held,
    onFree: (resume) => holds.onFree(resume),
    gate: createGate(holds, `${step}: exchange`),
    receive(messages) {
      let taken = 0
      within(context, () => {
        while (taken < messages.length && !hasLeft) next(messages[taken++]!)
      })
      if (meter !== undefined) meter.received += taken
      return taken
    },
    inFlight,
    refuse(error, message) {
      within(context, fail, error, message)
    },
  })

  const isHereByKey = withKeyOf(partition, key, link.isHere)

  const leave = (): void => {
    hasLeft = true
    link.leave()
  }
  const completeNow = (): void => {
    leave()
    within(context, complete)
  }

  return {
    ...here,
    outlivesSource: true,
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

const nowhere: ExchangeLink<unknown> = { isHere: () => false, leave: () => undefined }

/** Joins; where that cannot be, the run fails, and nothing is processed. */
function joined<In>({ report }: Context, exchange: Exchange, step: ExchangeStep<In>): ExchangeLink<In> {
  try {
    return exchange.join(step)
  } catch (error) {
    // Not in the middle of a subscription: it stops the run.
    void Promise.resolve().then(() => {
      report.poison(error as WallarxError)
    })
    return nowhere
  }
}
