import { createHash } from 'node:crypto'
import type { KafkaClient, NewRecord } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { sizeOf, tooLarge, type Output } from './output.ts'

/*
 * Only the broker knows how large a record may be in a topic, and it says so of a whole transaction. So those that come
 * into question are tried one by one, in transactions that are aborted; what is refused is remembered, and when its
 * message comes again, after the last commit, it is a dead letter.
 */

/** The records that a broker has refused as too large, over all lives of a worker. */
export interface Refusals {
  /** Throws `KAFKA_MESSAGE_TOO_LARGE` for a record that was refused. */
  check(output: Output): void
  /**
   * A transaction with these records has failed. The result is what to fail with: where some of them were found to be
   * too large the error itself, so that they are done without; else one that is final.
   */
  learn(error: unknown, records: () => FailedRecords, by: Trying): Promise<unknown>
}

/** The records of a transaction; outputs may be on any partition here. */
export interface FailedRecords {
  readonly outputs: readonly NewRecord[]
  /** All of them, the cluster's own too. */
  readonly all: readonly NewRecord[]
}

/** How records are tried. */
export interface Trying {
  readonly client: KafkaClient
  /** Of the worker. */
  readonly transactionalId: string
  readonly timeout: number
}

/** So many that never came again are too many: those records are others each time. */
const mostUnseen = 10
const transactionTimeout = 10_000

export function createRefusals(): Refusals {
  /** By digest: whether it has come again. */
  const refused = new Map<string, boolean>()
  const sizes = new Set<number>()

  /** Whether the broker takes this record. */
  const isTaken = async (record: NewRecord, { client, transactionalId, timeout }: Trying): Promise<boolean> => {
    const producer = await client.producer({ transactionalId: `${transactionalId}-trial`, transactionTimeout }, timeout)
    try {
      await producer.begin()
      producer.produce(record)
      await producer.flush(timeout)
      await producer.abort(timeout)
      return true
    } catch (error) {
      if (!isTooLarge(error)) throw error
      return false
    } finally {
      await producer.close(timeout)
    }
  }

  return {
    check(output) {
      if (sizes.size === 0 || !sizes.has(sizeOf(output))) return
      const digest = digestOf(output)
      if (!refused.has(digest)) return
      refused.set(digest, true)
      throw tooLarge(output, undefined)
    },
    async learn(error, records, by) {
      if (!isTooLarge(error)) return error
      const { outputs, all } = records()
      let isAny = false
      for (const record of [...outputs].sort((one, other) => sizeOf(other) - sizeOf(one))) {
        const isFine = await isTaken(record, by).catch(() => undefined)
        if (isFine === undefined) return error // another life finds out
        if (isFine) break
        isAny = true
        refused.set(digestOf(record), false)
        sizes.add(sizeOf(record))
      }
      const unseen = [...refused.values()].filter((isSeen) => !isSeen).length
      return isAny && unseen <= mostUnseen ? error : final(all, error)
    },
  }
}

const isTooLarge = (error: unknown): boolean => error instanceof KafkaError && error.fault === 'too large'

function final(all: readonly NewRecord[], error: unknown): unknown {
  const [largest] = [...all].sort((one, other) => sizeOf(other) - sizeOf(one))
  return largest === undefined ? error : tooLarge(largest, undefined)
}

function digestOf({ topic, key, value }: Pick<Output, 'topic' | 'key' | 'value'>): string {
  const digest = createHash('sha1').update(`${topic} ${key?.length ?? -1} `)
  if (key !== null) digest.update(key)
  if (value !== null) digest.update(value)
  return digest.digest('base64')
}
