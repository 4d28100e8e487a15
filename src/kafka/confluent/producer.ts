import { systemClock } from '../../base/clock.ts'
import type { KafkaMember, KafkaProducer, NewRecord, ProducerOptions } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { constructed, createHandle } from './handle.ts'
import type { Library, LibraryConsumer, LibraryError, LibraryProducer, LibrarySettings } from './library.ts'
import { passed, repeated } from './repeated.ts'

const queueFull = -184
/** In ms: the library does not say when there is room again. */
const untilThereIsRoom = 5

export interface ProducerParts {
  readonly library: Library
  readonly shared: LibrarySettings
  readonly brokers: string
  /** Does something with the library's consumer of a member, which is not closed before that has settled. */
  readonly withConsumer: <Result>(
    member: KafkaMember,
    use: (consumer: LibraryConsumer) => Promise<Result>,
  ) => Promise<Result>
}

export async function openProducer(
  { library, shared, brokers, withConsumer }: ProducerParts,
  options: ProducerOptions,
  timeout: number,
): Promise<KafkaProducer> {
  const end = systemClock.elapsed() + timeout
  const native = constructed(
    () => new library.Producer({ ...producerDefaults, ...shared, ...producerSettings(options) }, {}),
  )
  const handle = createHandle(native, brokers)
  const { transactionalId } = options
  /** Why the first record that did not arrive did not; told by the next flush. */
  let undelivered: KafkaError | undefined
  /** Why nothing works any more: each later call says no more than that this is so. */
  let fatal: KafkaError | undefined
  native.on('delivery-report', (error) => {
    if (error !== null) undelivered ??= handle.failure('a record has not arrived', error)
  })

  const failed = (error: unknown): unknown => {
    if (!(error instanceof KafkaError)) return error
    if (error.number === -150 && fatal !== undefined) return fatal
    if (error.fault === 'fenced') fatal ??= error
    return error
  }
  const call = async (what: string, limit: number, start: Parameters<typeof handle.call>[2]): Promise<void> => {
    await handle.call(what, limit, start).catch(async (error: unknown) => {
      await reports()
      // A transaction in which a record has failed says of each later call no more than that.
      throw undelivered?.fault === 'too large' ? undelivered : failed(error)
    })
  }
  const close = (limit: number): Promise<void> => handle.close(limit, (done) => native.disconnect(1, done))

  try {
    await handle.connect(timeout)
    native.setPollInBackground(true)
    if (transactionalId !== undefined) {
      const left = Math.max(1, end - systemClock.elapsed())
      const what = `beginning as ${transactionalId}`
      // A coordinator that is being loaded, after a broker has started, answers later.
      await repeated(left, (rest) => call(what, rest, (limit, done) => native.initTransactions(limit, done)))
    }
  } catch (error) {
    void close(1_000)
    throw error
  }

  return {
    begin: () => call('beginning a transaction', 30_000, (_, done) => native.beginTransaction(done)),
    produce(record) {
      try {
        send(native, record)
        return true
      } catch (error) {
        if ((error as LibraryError).code === queueFull) return false
        const { topic, partition } = record
        throw failed(handle.failure(`a record for ${topic}[${partition}]`, error as LibraryError))
      }
    },
    drained: () => passed(untilThereIsRoom),
    sendOffsets: (offsets, member, limit) =>
      withConsumer(member, async (consumer) => {
        await call('sending offsets', limit, (left, done) =>
          native.sendOffsetsToTransaction(offsets, consumer, left, done),
        )
        // A member that was put out of its group has no id until it is in it again, and offsets without an id are taken
        // from anybody.
        if (consumer.assignmentLost()) throw new KafkaError('abort', 'the member is not in its group any more')
      }),
    commit: (limit) => call('committing', limit, (left, done) => native.commitTransaction(left, done)),
    async abort(limit) {
      await call('aborting', limit, (left, done) => native.abortTransaction(left, done))
      undelivered = undefined
    },
    async flush(limit) {
      await call('flushing', limit, (left, done) => native.flush(left, done))
      await reports()
      const why = undelivered
      undelivered = undefined
      if (why !== undefined) throw failed(why)
    },
    close,
  }
}

/** Reports come from another thread: those that were on their way are here in the next turn. */
const reports = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

function send(native: LibraryProducer, { topic, partition, key, value, headers, timestamp }: NewRecord): void {
  const named = headers?.map(([name, bytes]) => ({ [name]: present(bytes) }))
  native.produce(topic, partition, present(value), present(key), timestamp, undefined, named)
}

/** An empty part of some memory: to the library, bytes without any memory are none, and a value is a tombstone. */
const empty = Buffer.alloc(1).subarray(1)
const present = <Bytes extends Uint8Array | null>(bytes: Bytes): Bytes | Buffer =>
  bytes?.byteLength === 0 ? empty : bytes

/** What a user may set otherwise. */
const producerDefaults: LibrarySettings = { 'linger.ms': 2, 'compression.type': 'lz4' }

function producerSettings({ transactionalId, transactionTimeout }: ProducerOptions): LibrarySettings {
  return {
    'enable.idempotence': true,
    'delivery.report.only.error': true,
    dr_cb: true,
    event_cb: true,
    ...(transactionalId === undefined
      ? {}
      : {
          'transactional.id': transactionalId,
          'transaction.timeout.ms': transactionTimeout,
          // The client refuses longer ones: what is not answered by then is of no use any more.
          'socket.timeout.ms': Math.min(60_000, transactionTimeout),
          'message.timeout.ms': transactionTimeout,
        }),
  }
}
