import { failureOf, WallarxError, type Where } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import type { KafkaHeader } from '../client.ts'
import { sizeOf, tooLarge, type Output } from './output.ts'

/** Headers of a record: by name, or as pairs where a name stands several times. Text is written as UTF-8. */
export type KafkaHeaders =
  Readonly<Record<string, Uint8Array | string>> | readonly (readonly [name: string, value: Uint8Array | string])[]

/** What a record is made of, each from the message. */
export interface RecordParts<Message> {
  readonly topic: string
  readonly value: (message: Message) => Uint8Array | string | null | undefined
  readonly key?: ((message: Message) => Uint8Array | string | null | undefined) | undefined
  readonly headers?: ((message: Message) => KafkaHeaders | undefined) | undefined
  readonly partition?: ((message: Message) => number | undefined) | undefined
  readonly timestamp?: ((message: Message) => Date | number | undefined) | undefined
}

/**
 * Makes records of messages. Throws `ENCODE_FAILED` for what one of the functions throws, `RESULT_INVALID` for what it
 * must not give, and `KAFKA_MESSAGE_TOO_LARGE`. The value is asked for first. Bytes are copied; not those of a message
 * that `isOwn`, a copy already.
 */
export function createRecordMaker<Message>(
  { topic, value, key, headers, partition, timestamp }: RecordParts<Message>,
  where: Where,
  largest: number,
  refuse: Output['refuse'],
  isOwn: boolean,
): (message: Message) => Output {
  const asked = <Result>(option: string, of: (message: Message) => Result, message: Message): Result => {
    try {
      return of(message)
    } catch (thrown) {
      throw failureOf('ENCODE_FAILED', `${option} of kafkaSink to take ${shown(message)}`, thrown, where)
    }
  }
  const invalid = (option: string, expected: string, got: unknown): WallarxError =>
    new WallarxError('RESULT_INVALID', {
      expected: `${option} of kafkaSink to give ${expected}`,
      got: shown(got),
      where,
    })

  const bytes = (option: string, given: unknown, message: Message): Uint8Array | null => {
    if (given === null || given === undefined) return null
    if (typeof given === 'string') return Buffer.from(given)
    if (given instanceof Uint8Array) return isOwn && given === message ? given : Buffer.from(given)
    throw invalid(option, 'a Uint8Array, a string, or null', given)
  }

  const headersOf = (given: unknown): KafkaHeader[] | undefined => {
    if (given === undefined) return undefined
    if (typeof given !== 'object' || given === null) throw invalid('headers', 'an object, or pairs', given)
    const pairs: readonly unknown[] = Array.isArray(given) ? given : Object.entries(given)
    return pairs.map((pair) => {
      const [name, value] = Array.isArray(pair) ? (pair as unknown[]) : []
      const isValue = typeof value === 'string' || value instanceof Uint8Array
      if (typeof name !== 'string' || !isValue) {
        throw invalid('headers', 'names with a Uint8Array or a string each', pair)
      }
      return [name, Buffer.from(value as string)]
    })
  }

  const partitionOf = (given: unknown): number | undefined => {
    if (given === undefined || (Number.isSafeInteger(given) && (given as number) >= 0)) return given as undefined
    throw invalid('partition', 'the number of a partition, or undefined', given)
  }

  const timestampOf = (given: unknown): number | undefined => {
    const time: unknown = given instanceof Date ? given.getTime() : given
    if (time === undefined || (Number.isSafeInteger(time) && (time as number) >= 0)) return time as undefined
    throw invalid('timestamp', 'a Date, whole milliseconds since 1970, or undefined', given)
  }

  return (message) => {
    const output: Output = {
      topic,
      value: bytes('value', asked('value', value, message), message),
      key: key === undefined ? null : bytes('key', asked('key', key, message), message),
      headers: headers && headersOf(asked('headers', headers, message)),
      partition: partition && partitionOf(asked('partition', partition, message)),
      timestamp: timestamp && timestampOf(asked('timestamp', timestamp, message)),
      message,
      refuse,
    }
    if (sizeOf(output) > largest) throw tooLarge(output, largest).at(where)
    return output
  }
}
