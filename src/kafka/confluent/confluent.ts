/* The port on the package `@confluentinc/kafka-javascript`, by its rdkafka-style API, which is librdkafka's. */

import { systemClock } from '../../base/clock.ts'
import { createInFlight, type InFlightCount } from '../../context/inFlight.ts'
import type { KafkaClient, KafkaMember, KafkaProducer, Place, ProducerOptions } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { openAdmin, type Admin } from './admin.ts'
import { importLibrary, type Library, type LibraryConsumer, type LibrarySettings } from './library.ts'
import { openMember } from './member.ts'
import { openProducer, type ProducerParts } from './producer.ts'
import { openReader } from './reader.ts'
import { passed } from './repeated.ts'

export interface ConfluentOptions {
  /** Where the cluster is met: `host:port`. */
  readonly brokers: readonly string[]
  /** More settings of librdkafka, for all connections. Default: none. What this package needs cannot be changed. */
  readonly settings?: LibrarySettings | undefined
}

/** A member as producers use it. */
interface UsedConsumer {
  readonly native: LibraryConsumer
  readonly uses: InFlightCount
}

interface Closable {
  close(timeout: number): Promise<void>
}

/**
 * The one client for Node that has right transactions, fencing by the group, and read_committed. A call in progress may
 * hold one of libuv's threads, of which there are 4: a process with more readers and members than that wants a larger
 * `UV_THREADPOOL_SIZE`.
 *
 * Loads the package; rejects as `missing client` where it is not there. Connects when something is asked of it.
 */
export async function confluentClient(options: ConfluentOptions): Promise<KafkaClient> {
  return createConfluentClient(await importLibrary(), options)
}

/** A compacted topic takes no record without one. */
const anyKey = Buffer.of(0)

/** In ms: how long it may take to close what was opened too late. */
const lateClosing = 5000

export function createConfluentClient(
  library: Library,
  { brokers: addresses, settings = {} }: ConfluentOptions,
): KafkaClient {
  const brokers = addresses.join(',')
  const shared: LibrarySettings = { ...settings, 'bootstrap.servers': brokers, log_level: 6 }
  const open = new Set<Closable>()
  const consumers = new WeakMap<KafkaMember, UsedConsumer>()
  let admin: Promise<Admin> | undefined
  let isClosed = false

  /** Opens something that is closed with the client, also where that is closed meanwhile. */
  const opened = async <Opened extends Closable>(opening: Promise<Opened>): Promise<Opened> => {
    const made = await opening
    if (isClosed) {
      await made.close(lateClosing)
      throw new KafkaError('unreachable', 'the client has been closed')
    }
    const close = made.close.bind(made)
    const closing = (timeout: number): Promise<void> => {
      open.delete(made)
      return close(timeout)
    }
    Object.assign(made, { close: closing })
    open.add(made)
    return made
  }

  const connected = (timeout: number): Promise<Admin> => {
    const opening = (admin ??= openAdmin(library, shared, brokers, timeout))
    opening.catch(() => {
      if (admin === opening) admin = undefined // the next call tries again
    })
    return opening
  }
  const firstOffsets = async (places: readonly Place[], timeout: number): Promise<number[]> => {
    const ends = await (await connected(timeout)).ends(places, 'uncommitted', timeout)
    return ends.map(({ low }) => low)
  }
  const withConsumer: ProducerParts['withConsumer'] = async (member, use) => {
    const { native, uses } = consumers.get(member)!
    uses.enter()
    try {
      return await use(native)
    } finally {
      uses.leave()
    }
  }
  const producer = (options: ProducerOptions, timeout: number): Promise<KafkaProducer> =>
    opened(openProducer({ library, shared, brokers, withConsumer }, options, timeout))

  return {
    topics: async (names, timeout) => (await connected(timeout)).topics(names, timeout),
    createTopics: async (topics, timeout) => (await connected(timeout)).createTopics(topics, timeout),
    deleteTopics: async (names, timeout) => (await connected(timeout)).deleteTopics(names, timeout),
    ends: async (places, isolation, timeout) => (await connected(timeout)).ends(places, isolation, timeout),
    offsetsAt: async (places, time, timeout) => (await connected(timeout)).offsetsAt(places, time, timeout),
    deleteBefore: async (places, timeout) => (await connected(timeout)).deleteBefore(places, timeout),
    members: async (group, timeout) => (await connected(timeout)).members(group, timeout),
    groups: async (timeout) => (await connected(timeout)).groups(timeout),
    committedOf: async (group, timeout) => (await connected(timeout)).committedOf(group, timeout),
    deleteGroups: async (groups, timeout) => (await connected(timeout)).deleteGroups(groups, timeout),
    async endTransactionOf(transactionalId, standing, timeout) {
      const end = systemClock.elapsed() + timeout
      const left = (): number => Math.max(1, end - systemClock.elapsed())
      const successor = await producer({ transactionalId, transactionTimeout: 10_000 }, timeout)
      try {
        if (standing.length === 0) return
        // A transaction of the same id that is aborted ends the one that the broker has lost, and shows nothing of it.
        await successor.begin()
        for (const { topic, partition } of standing) successor.produce({ topic, partition, key: anyKey, value: null })
        await successor.flush(left())
        await successor.abort(left())
      } finally {
        await successor.close(left())
      }
    },
    reader: (isolation, timeout) => opened(openReader(library, shared, brokers, isolation, timeout)),
    async member(options, timeout) {
      const { member, native } = await openMember({ library, shared, brokers, firstOffsets }, options, timeout)
      const uses = createInFlight()
      consumers.set(member, { native, uses })
      const closeNow = member.close.bind(member)
      const close = async (limit: number): Promise<void> => {
        // A producer that sends its offsets calls into it, and a call into what is closed ends the process.
        if (uses.count > 0) await Promise.race([uses.empty(), passed(limit)])
        await closeNow(limit)
      }
      return opened(Promise.resolve(Object.assign(member, { close })))
    },
    producer,
    async close(timeout) {
      isClosed = true
      const closing = [...open].map((one) => one.close(timeout)) // from here on producers call into no member
      if (admin !== undefined) closing.push(admin.then((one) => one.close(timeout)).catch(() => undefined))
      await Promise.all(closing)
    },
  }
}
