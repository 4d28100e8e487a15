import type { TeardownLogic } from 'rxjs'
import { createDeferred } from '../../base/deferred.ts'
import { pull } from '../../source/pull.ts'
import type { SourceSubscription } from '../../source/source.ts'
import type { KafkaClient, KafkaRecord } from '../client.ts'
import type { Connection } from '../connection.ts'
import { kafkaFailure } from '../failure.ts'
import { handOverTo, type ReadOptions } from '../input/handOver.ts'
import { createReached, type Reached } from './reached.ts'
import { aloneRecords } from './records.ts'

export interface AloneOptions<Message> extends ReadOptions<Message> {
  readonly name: string
  /** The option `name`. */
  readonly given: string | undefined
  readonly group: string | undefined
  readonly connection: Connection
  readonly connect: () => Promise<KafkaClient>
  /** How far subscriptions have come, by what is there once in each pipeline of a run. */
  readonly again: WeakMap<object, Reached>
}

/** Reads all partitions, without a cluster. */
export function subscribeAlone<Message>(
  options: AloneOptions<Message>,
  subscription: SourceSubscription<Message>,
): TeardownLogic {
  const { output, context, origin, opened, isIntermediate } = subscription
  const { topics, name, given, group, connection, messageOf, again } = options
  const { endpoints, report, clock, pipeline } = context
  const isRun = pipeline !== undefined
  const reached: Reached = (isRun ? again.get(report) : undefined) ?? createReached()
  if (isRun) again.set(report, reached)
  const handOver = handOverTo(subscription, context, messageOf)
  const passed = (record: KafkaRecord): void => {
    reached.set(record, record.offset + 1)
  }
  if (isRun && group !== undefined) {
    const what = `without a cluster nobody shares the partitions; the group ${group} is not used`
    report.warn(`${name}: ${what}`, 'KAFKA_GROUP_UNUSED', { source: name })
  }
  isIntermediate() // each of its partitions is a source

  /** The run does not close before the client is let go of. */
  async function* chunks(signal: AbortSignal): AsyncGenerator<readonly KafkaRecord[], void> {
    const over = createDeferred()
    endpoints.closeAfter(over.promise)
    try {
      yield* aloneRecords(
        {
          ...options,
          clock,
          reached,
          prefix: given === undefined ? '' : `${given} `,
          addSource: (source) => endpoints.addSource(source),
          warn: (event, code) => {
            if (isRun) report.warn(`${name}: ${event}`, code, { source: name })
          },
          opened,
        },
        signal,
      )
    } finally {
      over.resolve()
    }
  }

  return pull({
    context,
    origin,
    items: chunks,
    next: (records) => {
      handOver(records, passed)
    },
    complete: () => {
      output.complete()
    },
    error: (cause) => {
      const what = `to read ${topics.join(', ')} at ${connection.brokers.join(',')}`
      output.error(kafkaFailure(what, cause).at({ source: name }))
    },
  })
}
