import type { WallarxError } from '../base/errors.ts'
import { createGate } from '../context/backPressure.ts'
import { within, type Context } from '../context/context.ts'
import type { StepMeter } from '../context/meter.ts'
import { withKeyOf } from '../state/entityLocator.ts'
import type { KeyFunction } from '../key/key.ts'
import type { Exchange, ExchangeLink, ExchangeStep } from '../state/exchange.ts'
import type { Output } from './output.ts'
import { LinkTime } from './shards/linkTime.ts'
import { PresentShards, type StepShardsOptions } from './shards/stepShards.ts'
import type { Operation } from './step.ts'

export interface ExchangedOptions<In, Out> {
  readonly output: Output<Out>
  readonly context: Context
  readonly meter: StepMeter | undefined
  readonly step: string
  readonly partition: string
  readonly key: KeyFunction<In>
  /** One operation for all shards that are here, or what makes one for each: where their entities live by time. */
  readonly here: Operation<In> | NonNullable<StepShardsOptions<In, Out>['make']>
  /** What becomes of a message whose key cannot be found. */
  readonly fail: (thrown: unknown, message: In) => void
}

/**
 * A step whose entities are on several workers: it takes the messages of the entities that are here, wherever they
 * come from. Its own source may end before; it completes when the run stops.
 */
export function exchanged<In, Out>(exchange: Exchange, options: ExchangedOptions<In, Out>): Operation<In> {
  const { output, context, meter, step, partition, key, here, fail } = options
  const { holds, inFlight } = context.backPressure
  const { stopping } = context.shutdown
  const { pipeline } = context.time
  const one = typeof here === 'function' ? undefined : here
  const make = typeof here === 'function' ? here : undefined
  let hasLeft = false
  const time = new LinkTime(context, () => {
    const clocks = one?.upstream?.time.clocks ?? context.time.clocks
    clocks.add(shards)
    pipeline.clocks.add(shards)
  })
  const link: ExchangeLink<In> = joined<In>(context, exchange, {
    pipeline: context.pipeline,
    step,
    partition,
    held: () => holds.held,
    onFree: (resume) => holds.onFree(resume),
    gate: createGate(holds, `${step}: exchange`),
    receive(messages, shard, time): number {
      const taken = within(context, () => shards.receive(messages, shard, time))
      if (meter !== undefined) meter.received += taken
      return taken
    },
    inFlight,
    refuse(error, message) {
      within(context, fail, error, message)
    },
    sent: time,
    shards: {
      open(shard, clock) {
        within(context, shards.open, shard, clock)
      },
      rest: (shard) => {
        shards.rest(shard)
      },
      close: (shard) => {
        shards.close(shard)
      },
      clocks: (visit, all) => {
        shards.clocks(visit, all)
      },
    },
  })
  const next = one?.next ?? ((message: In) => void shards.receive([message], 0, undefined))
  const { id = step } = link
  const { shards: count = 1 } = exchange
  const shards: PresentShards<In, Out> = new PresentShards<In, Out>({
    context,
    partition,
    output,
    id,
    count,
    make,
    next,
    hasLeft: () => hasLeft,
  })
  const isHereByKey = withKeyOf(partition, key, link.isHere)

  const leave = (): void => {
    hasLeft = true
    link.leave()
  }
  const completeNow = (): void => {
    leave()
    within(context, () => {
      if (one?.complete !== undefined) one.complete()
      else
        shards.complete(() => {
          output.complete()
        })
    })
  }

  return {
    outlivesSource: true,
    upstream: time.context,
    next(message) {
      try {
        if (pipeline.used) time.meet()
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
      shards.end()
      one?.finalize?.()
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
