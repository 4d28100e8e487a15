import { createGate } from '../context/backPressure.ts'
import { invalidOption, knownOptions, wholeNumber } from '../base/option.ts'
import { WallarxError } from '../base/errors.ts'
import type { ByteSink } from '../sink/sink.ts'
import type { LifeTransactions } from './worker/life.ts'
import { kafkaTransactions } from './worker/transactions.ts'

/** What `kafkaSink` writes to. */
export interface KafkaSinkOptions {
  readonly topic: string
  /**
   * The key of a record, from its value; where Java's producer places it is where it goes. Default: none, and
   * partitions by turns
   */
  readonly key?: (value: Buffer) => Uint8Array | string | null
  /** Bytes that wait for the next transaction, from which on the pipeline is held. Default: 16 MiB */
  readonly highWaterMark?: number
  /** Its name in errors and status. Default: the topic */
  readonly name?: string
}

/**
 * Writes each message as a record. On a cluster it is part of the transaction in which what it came from has been
 * processed: who reads only what is committed (`isolation.level: read_committed`) sees it once.
 *
 * Runs with the option `cluster: kafka(…)` of `run` only (`OPTION_INVALID`). A topic that is not there is
 * `KAFKA_TOPIC_MISSING` at the first record for it.
 *
 * @example
 * ```ts
 * import { kafkaSink } from 'wallarx/kafka'
 *
 * const byWord = kafkaSink({ topic: 'totals', key: (line) => line.toString().split(' ')[0]! })
 * assert.equal(byWord.name, 'totals')
 * ```
 */
export function kafkaSink(input: KafkaSinkOptions): ByteSink {
  const known = { topic: true, key: true, highWaterMark: true, name: true } as const
  const options = knownOptions('kafkaSink', input, known)
  const { topic, key: keyOf, highWaterMark = 16 * 1024 * 1024, name = topic } = options
  if (typeof topic !== 'string' || topic === '') throw invalidOption('topic', 'the name of a topic', topic)
  wholeNumber('highWaterMark', highWaterMark, 1)

  return {
    name,
    acceptsText: true,
    delivery: (transactions) => (transactions?.kind === kafkaTransactions ? 'exactly once' : 'at least once'),
    open({ holds, transactions: given }) {
      if (given?.kind !== kafkaTransactions) {
        throw new WallarxError('OPTION_INVALID', {
          expected: 'kafkaSink to run with the option cluster: kafka(…) of run',
          got: 'a run without it',
        })
      }
      const transactions = given as LifeTransactions
      const gate = createGate(holds, `${name}: Kafka transaction`)
      let waiting = 0
      return {
        write(message) {
          const value = typeof message === 'string' ? Buffer.from(message) : Buffer.from(message) // a copy
          const key = keyOf?.(value) ?? null
          const keyBytes = typeof key === 'string' ? Buffer.from(key) : key
          transactions.write({ topic, key: keyBytes, value })
          if (waiting === 0) {
            transactions.onBegin(() => {
              waiting = 0
              gate.open()
            })
          }
          waiting += value.length + (keyBytes?.length ?? 0)
          if (waiting >= highWaterMark) gate.close()
        },
        flush: () => Promise.resolve(undefined), // the transaction takes it along
        close: () => Promise.resolve(undefined),
        abort() {
          gate.open()
        },
      }
    },
  }
}
