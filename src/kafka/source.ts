import type { Observable } from 'rxjs'
import { invalidOption, knownOptions } from '../base/option.ts'
import { WallarxError } from '../base/errors.ts'
import { within } from '../context/context.ts'
import { createSource } from '../source/source.ts'
import type { KafkaRecord } from './client.ts'
import type { LifeTransactions } from './worker/life.ts'
import { kafkaTransactions } from './worker/transactions.ts'

/** What `kafkaSource` reads. */
export interface KafkaSourceOptions {
  /** One topic, or several. */
  readonly topic: string | readonly string[]
  /** Where to begin in a partition of which nothing has been processed. Default: `'earliest'` */
  readonly from?: 'earliest' | 'latest'
  /**
   * The group of the workers that share the topics' partitions. Default: the names of the application, the pipeline and
   * this source */
  readonly group?: string
  /** Its name in errors and status. Default: the topics */
  readonly name?: string
}

/**
 * The values of a topic's records, as Buffers; for `decode`. The workers of a cluster divide its partitions among them.
 * Each partition keeps its order, and each record is processed once. Records without a value (tombstones) are not
 * handed over: `kafkaRecords` has them.
 *
 * Runs with the option `cluster: kafka(…)` of `run` only: without it, it fails with `OPTION_INVALID`. How far it has
 * been processed is committed with what came of it; after a crash another worker goes on from there.
 *
 * @example
 * ```ts
 * import { kafkaSource } from 'wallarx/kafka'
 *
 * const lines = kafkaSource({ topic: ['lines', 'more-lines'], from: 'latest' })
 * await assert.rejects(lastValueFrom(lines), { code: 'OPTION_INVALID' }) // it is not run on a cluster here
 * ```
 */
export function kafkaSource(options: KafkaSourceOptions): Observable<Buffer> {
  return recordSource(options, 'kafkaSource', ({ value }) => (value === null ? undefined : bufferOf(value)))
}

/**
 * The records of a topic, whole, those without a value too. Otherwise as `kafkaSource`.
 *
 * @example
 * ```ts
 * import { filter } from 'rxjs'
 * import { kafkaRecords } from 'wallarx/kafka'
 *
 * const removed = kafkaRecords({ topic: 'customers' }).pipe(filter(({ value }) => value === null))
 * await assert.rejects(lastValueFrom(removed), { code: 'OPTION_INVALID' }) // it is not run on a cluster here
 * ```
 */
export function kafkaRecords(options: KafkaSourceOptions): Observable<KafkaRecord> {
  return recordSource(options, 'kafkaRecords', (record) => record)
}

function recordSource<Message>(
  input: KafkaSourceOptions,
  what: string,
  messageOf: (record: KafkaRecord) => Message | undefined,
): Observable<Message> {
  const known = { topic: true, from: true, group: true, name: true } as const
  const { topic, from = 'earliest', group, name } = knownOptions(what, input, known)
  const topics: readonly string[] = typeof topic === 'string' ? [topic] : topic
  if (topics.length === 0) throw invalidOption('topic', 'a topic, or several', topic)
  if (from !== 'earliest' && from !== 'latest') throw invalidOption('from', "'earliest' or 'latest'", from)

  const sourceName = name ?? topics.join(',')

  return createSource<Message>(sourceName, ({ output, context, opened, isIntermediate }) => {
    const { endpoints, backPressure, shutdown } = context
    const { holds } = backPressure
    const { stopping } = shutdown
    const transactions = endpoints.transactions as LifeTransactions | undefined
    if (transactions?.kind !== kafkaTransactions) {
      output.error(outsideOfCluster(what))
      return
    }
    let ended = false
    isIntermediate() // what has been processed is in the transactions
    const unsubscribe = transactions.subscribe({
      group: group ?? `${transactions.application}.${context.pipeline ?? ''}.${sourceName}`,
      topics,
      opened,
      held: () => ended || holds.held,
      onFree: (resume) => {
        holds.onFree(resume)
      },
      chunk: 64,
      async beginning(place) {
        const [found] = await transactions.client.ends([place], 'uncommitted', transactions.timeout)
        return from === 'earliest' ? found!.low : found!.end
      },
      handOver(records) {
        within(context, () => {
          for (const record of records) {
            const message = messageOf(record)
            if (message !== undefined) output.next(message)
          }
        })
      },
    })
    const complete = (): void => {
      ended = true
      unsubscribe()
      output.complete()
    }
    stopping.addEventListener('abort', complete, { once: true })
    return () => {
      ended = true
      stopping.removeEventListener('abort', complete)
      unsubscribe()
    }
  })
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const outsideOfCluster = (what: string): WallarxError =>
  new WallarxError('OPTION_INVALID', {
    expected: `${what} to run with the option cluster: kafka(…) of run`,
    got: 'a run without it',
  })
