import { WallarxError } from '../../base/errors.ts'
import type { KafkaHeader, NewRecord } from '../client.ts'

/** A record to be written. */
export interface Output extends Omit<NewRecord, 'partition'> {
  /** `undefined` until it is placed: where Java's producer places the key; without a key, by turns. */
  partition?: number | undefined
  /** What it was made of. */
  readonly message?: unknown
  /** Is told why it cannot be written. `true`: it is a dead letter now; `false`: nothing can go on. */
  readonly refuse?: ((error: WallarxError, message: unknown) => boolean) | undefined
}

/** What a record takes, as the client counts it. */
export function sizeOf({ key, value, headers }: Pick<Output, 'key' | 'value' | 'headers'>): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + (headers === undefined ? 0 : headersSize(headers))
}

/** Of a header besides its name and value. */
const headerLengths = 10

const headersSize = (headers: readonly KafkaHeader[]): number =>
  headers.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + value.length + headerLengths, 0)

/** Throws `RESULT_INVALID` for a partition that there is not. */
export function checkPartition(output: Output, partitions: number | undefined): void {
  const { partition } = output
  if (partition !== undefined && partitions !== undefined && partition >= partitions) {
    throw outOfRange(output, partitions)
  }
}

export const outOfRange = ({ topic, partition }: Output, partitions: number): WallarxError =>
  new WallarxError('RESULT_INVALID', {
    expected: `partition of kafkaSink to give one of ${topic}, from 0 to ${partitions - 1}`,
    got: String(partition),
  })

/** Makes a dead letter of what a record was made of; throws where that is not possible. */
export function refuse({ refuse: tell, message }: Output, error: WallarxError): void {
  if (tell?.(error, message) !== true) throw error
}

/** `KAFKA_MESSAGE_TOO_LARGE` */
export function tooLarge(output: Output, largest: number | undefined): WallarxError {
  const { topic, key, value, headers } = output
  const parts = [
    `a value of ${value?.length ?? 0}`,
    ...(key === null ? [] : [`a key of ${key.length}`]),
    ...(headers === undefined || headers.length === 0 ? [] : [`headers of ${headersSize(headers)}`]),
  ]
  const limit = largest === undefined ? 'that the topic takes' : `of at most ${largest} bytes`
  return new WallarxError('KAFKA_MESSAGE_TOO_LARGE', {
    expected:
      `a record ${limit} for ${topic} (setting message.max.bytes of the client, ` +
      'max.message.bytes of the topic, message.max.bytes of the broker)',
    got: `${sizeOf(output)} bytes: ${parts.join(', ')}`,
  })
}
