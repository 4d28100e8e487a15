import { createDeferred, type Deferred } from '../../../base/deferred.ts'
import type { KafkaMember, KafkaProducer, NewRecord, ProducerOptions } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import type { Log } from '../broker/log.ts'
import type { Identity } from '../broker/transactions.ts'
import type { Process } from '../process/process.ts'
import type { Membership } from './membership.ts'

/** Records that wait to be sent. */
const room = 100_000
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

  let waiting: NewRecord[] = []
  let isSending = false
  let sent: Deferred<void> | undefined
  /** Why the first record that did not arrive did not; told by the next flush. */
  let undelivered: unknown
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

  /** All that waits when it gets there is one batch. */
  const arrive = async (): Promise<void> => {
    const now = waiting
    waiting = []
    if (identity !== undefined) await transactions.ready(identity)
    for (const record of now) append(record)
  }

  /** One batch after the other; what is lost on the way is sent again. */
  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      await process.call('writing', Infinity, arrive).catch((error: unknown) => {
        undelivered ??= failed(error)
      })
      if (process.isDead) return
    }
    isSending = false
    sent?.resolve()
    sent = undefined
  }

  const send = (): void => {
    if (isSending) return
    isSending = true
    void sendAll()
  }

  /** Everything that waits has arrived, or has not. */
  const flushed = async (limit: number): Promise<void> => {
    if (isSending || waiting.length > 0) {
      sent ??= createDeferred()
      const { promise } = sent
      await process.sleep(limit, (wake) => void promise.then(wake))
      if (isSending || waiting.length > 0) throw new KafkaError('unreachable', 'records have not arrived', -185)
    }
    if (undelivered !== undefined) throw undelivered as Error
  }

  const end = (what: string, outcome: 'committed' | 'aborted', limit: number): Promise<void> =>
    call(what, limit, () => {
      transactions.end(identity!, outcome)
    })

  return {
    begin() {
      if (fatal !== undefined) return Promise.reject(fatal)
      undelivered = gap
      gap = undefined
      return Promise.resolve()
    },
    produce(record) {
      if (fatal !== undefined) throw fatal
      if (waiting.length >= room) return false
      const found = topics.find(record.topic)
      if (found !== undefined && record.partition >= found.partitions) {
        throw new KafkaError('missing', `no partition ${record.topic}[${record.partition}]`, -190)
      }
      waiting.push({
        ...record,
        key: record.key && Buffer.from(record.key),
        value: record.value && Buffer.from(record.value),
      })
      send()
      return true
    },
    drained: () => process.sleep(untilThereIsRoom),
    async sendOffsets(offsets, member, limit) {
      const { group, offsets: committed, id, generation } = membershipOf(member)
      await call('sending offsets', limit, async () => {
        await transactions.ready(identity!)
        group.check(id, generation)
        transactions.sendOffsets(identity!, committed, offsets)
      }).catch((error: unknown) => {
        undelivered ??= error // it can only be aborted now
        throw error
      })
    },
    async commit(limit) {
      await flushed(limit)
      await end('committing', 'committed', limit)
    },
    async abort(limit) {
      waiting = []
      await flushed(limit).catch((error: unknown) => {
        const isRecord = error instanceof KafkaError && error.fault === 'too large'
        if (isRecord) gap = new KafkaError('abort', 'skipped sequence numbers', 45)
      })
      await end('aborting', 'aborted', limit)
      undelivered = undefined
    },
    async flush(limit) {
      try {
        await flushed(limit)
      } finally {
        undelivered = undefined
      }
    },
    close: () => Promise.resolve(),
  }
}
