import type { DeadLetter } from '../../context/deadLetter.ts'
import { shown } from '../../base/shown.ts'
import { knownOptions } from '../../base/option.ts'
import type { Sink } from '../../sink/sink.ts'
import type { KafkaRecord } from '../client.ts'
import { connectionOptions, connectReal, type Connect, type KafkaEndpointConnection } from '../connection.ts'
import { letterHeaders } from './letterHeaders.ts'
import { kafkaSinkThrough } from '../sink.ts'

/** Where `kafkaDeadLetters` writes to. */
export interface KafkaDeadLettersOptions extends KafkaEndpointConnection {
  readonly topic: string
  /** Its name in errors. Default: `dead letters TOPIC` */
  readonly name?: string
}

/**
 * Writes dead letters to a topic, for the option `deadLetters` of `run`. On a cluster they are part of the transaction
 * in which their input has been processed; without, they have arrived before the checkpoint that is behind it: at least
 * once.
 *
 * A record has the value, key and headers of the record that it came from, where that is known; otherwise its value is
 * the input, bytes as they are and anything else as JSON. Headers say what went wrong and where, as Kafka Connect names
 * them (`__connect.errors.topic`, `.partition`, `.offset`, `.exception.message` …), and `wallarx.code`. A value that
 * the client would not send is left out, which the header `wallarx.left.out` says.
 *
 * A topic that is not there is `KAFKA_TOPIC_MISSING`, at the start.
 *
 * @example
 * ```ts
 * import { kafkaDeadLetters } from 'wallarx/kafka'
 *
 * assert.equal(kafkaDeadLetters({ topic: 'orders-dead' }).name, 'dead letters orders-dead')
 * ```
 */
export function kafkaDeadLetters(options: KafkaDeadLettersOptions): Sink<DeadLetter> {
  return kafkaDeadLettersThrough(options, connectReal)
}

/** The client's smallest limit, less what headers take. */
const longestValue = 900_000

/** The same over any client: a simulated one. */
export function kafkaDeadLettersThrough(options: KafkaDeadLettersOptions, connect: Connect): Sink<DeadLetter> {
  const what = 'kafkaDeadLetters'
  const { topic, name, ...connection } = knownOptions(what, options, { topic: true, name: true, ...connectionOptions })
  let isLeftOut = false // the value of the letter at hand: it is asked for first
  return kafkaSinkThrough<DeadLetter>(
    {
      topic,
      ...connection,
      name: name ?? `dead letters ${topic}`,
      value(letter) {
        const value = valueOf(letter)
        isLeftOut = (value?.length ?? 0) > longestValue
        return isLeftOut ? null : value
      },
      key: ({ record }) => (record as KafkaRecord | undefined)?.key ?? null,
      headers: (letter) => letterHeaders(letter, isLeftOut),
    },
    connect,
    what,
  )
}

function valueOf({ record, input }: DeadLetter): Uint8Array | string | null {
  if (record !== undefined) return (record as KafkaRecord).value
  if (input === undefined || input === null) return null
  if (typeof input === 'string' || input instanceof Uint8Array) return input
  try {
    return JSON.stringify(input, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  } catch {
    return shown(input)
  }
}
