import type { KafkaMember, KafkaProducer, NewRecord, ProducerOptions } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import type { Log } from '../broker/log.ts'
import type { Identity } from '../broker/transactions.ts'
import type { Process } from '../process/process.ts'
import type { Membership } from './membership.ts'
import { createOutbox } from './outbox.ts'

/** In ms. */
const untilThereIsRoom = 5

export interface ProducerParts {
  readonly process: Process
  readonly membershipOf: (member: KafkaMember) => Membership
}

/** A producer: idempotent, with transactions or without. */
export async function openProducer(
  { process, membershipOf }: ProducerParts,
  { transactionalId, transactionTimeout }: ProducerOptions,
  timeout: number,
): Promise<KafkaProducer> {
  const { broker } = process
  const { topics, transactions } = broker
  const identity: Identity | undefined =
    transactionalId === undefined
      ? undefined
      : await process.call(`beginning as ${transactionalId}`, timeout, () =>
          transactions.begin(transactionalId, transactionTimeout),
        )

  /** Nothing works any more. */
  let fatal: KafkaError | undefined
  /** Another transaction that goes on after a record had failed: its numbers have a gap. */
  let gap: KafkaError | undefined

  const failed = (error: unknown): unknown => {
    if (error instanceof KafkaError && error.fault === 'fenced') fatal ??= error
    return fatal ?? error
  }
  const call = async (what: string, limit: number, work: () => void | Promise<void>): Promise<void> => {
    if (fatal !== undefined) throw fatal
    await process.call(what, limit, work).catch((error: unknown) => {
      throw failed(error)
    })
  }

  const append = (record: NewRecord): void => {
    const { topic, key, value, headers = [], timestamp = broker.now() } = record
    const log: Log = topics.log(record)
    const size = (key?.length ?? 0) + (value?.length ?? 0)
    if (size > topics.largest(topic)) throw new KafkaError('too large', `a record of ${size} bytes for ${topic}`, 10)
    if (identity === undefined) log.append({ key, value, headers, timestamp, mark: undefined })
    else transactions.append(identity, log, { key, value, headers, timestamp })
  }

  const outbox = createOutbox(process, async (batch) => {
    try {
      if (identity !== undefined) await transactions.ready(identity)
      for (const record of batch) append(record)
    } catch (error) {
      throw failed(error)
    }
  })

  const end = (what: string, outcome: 'committed' | 'aborted', limit: number): Promise<void> =>
    call(what, limit, () => {
      transactions.end(identity!, outcome)
    })

  return {
    begin() {
      if (fatal !== undefined) return Promise.reject(fatal)
      outbox.undelivered = gap
      gap = undefined
      return Promise.resolve()
    },
    produce(record) {
      if (fatal !== undefined) throw fatal
      const found = topics.find(record.topic)
      if (found !== undefined && record.partition >= found.partitions) {
        throw new KafkaError('missing', `no partition ${record.topic}[${record.partition}]`, -190)
      }
      return outbox.put(record)
    },
    drained: () => process.sleep(untilThereIsRoom),
    async sendOffsets(offsets, member, limit) {
      if (isTooLarge(outbox.undelivered)) throw outbox.undelivered
      const { group, offsets: committed, id, generation } = membershipOf(member)
      await call('sending offsets', limit, async () => {
        await transactions.ready(identity!)
        group.check(id, generation)
        transactions.sendOffsets(identity!, committed, offsets)
      }).catch((error: unknown) => {
        outbox.undelivered ??= error // it can only be aborted now
        throw error
      })
    },
    async commit(limit) {
      await outbox.flushed(limit)
      await end('committing', 'committed', limit)
    },
    async abort(limit) {
      outbox.clear()
      await outbox.flushed(limit).catch((error: unknown) => {
        if (isTooLarge(error)) gap = new KafkaError('abort', 'skipped sequence numbers', 45)
      })
      await end('aborting', 'aborted', limit)
      outbox.undelivered = undefined
    },
    async flush(limit) {
      try {
        await outbox.flushed(limit)
      } finally {
        outbox.undelivered = undefined
      }
    },
    close: () => Promise.resolve(),
  }
}

const isTooLarge = (error: unknown): error is KafkaError => error instanceof KafkaError && error.fault === 'too large'
