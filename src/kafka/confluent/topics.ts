import { systemClock } from '../../base/clock.ts'
import type { FoundTopic, NewTopic } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { failureOf } from './failure.ts'
import type { Handle } from './handle.ts'
import type { LibraryAdmin, LibraryHandle, LibraryMetadata, LibraryTopic } from './library.ts'
import { passed, repeated, unlessDone } from './repeated.ts'

/** Between two looks whether all brokers know of a change, in ms. */
const pause = 20

export interface Topics {
  topics(names: readonly string[] | 'all', timeout: number): Promise<ReadonlyMap<string, FoundTopic>>
  createTopics(topics: readonly NewTopic[], timeout: number): Promise<void>
  deleteTopics(names: readonly string[], timeout: number): Promise<void>
}

export function createTopics(native: LibraryHandle, handle: Handle, admin: LibraryAdmin): Topics {
  const all = async (timeout: number): Promise<Map<string, FoundTopic>> => {
    const { topics } = await repeated(timeout, (left) =>
      handle.call<LibraryMetadata>('listing topics', left, (limit, done) =>
        native.getMetadata({ allTopics: true, timeout: limit }, done),
      ),
    )
    return describe(
      topics.map(({ name }) => name),
      timeout,
    )
  }

  const describe = async (names: readonly string[], timeout: number): Promise<Map<string, FoundTopic>> => {
    const found = new Map<string, FoundTopic>()
    if (names.length === 0) return found
    const topics = await repeated(timeout, (left) =>
      handle.call<readonly LibraryTopic[]>('looking topics up', left, (limit, done) =>
        admin.describeTopics(names, { timeout: limit }, done),
      ),
    )
    for (const { name, partitions, topicId, error } of topics) {
      if (error === undefined) found.set(name, { partitions: partitions.length, id: idOf(topicId) })
      else if (failureOf(name, error).fault !== 'missing') throw failureOf(`topic ${name}`, error)
    }
    return found
  }

  /** Each broker hears of a change by itself, a little later than the one that was asked for it. */
  const untilKnown = async (names: readonly string[], count: number, timeout: number): Promise<void> => {
    const end = systemClock.elapsed() + timeout
    for (let left = timeout; left > 0; left = end - systemClock.elapsed()) {
      if ((await describe(names, left)).size === count) return
      await passed(pause)
    }
    throw new KafkaError('unreachable', `${names.join(', ')}: not known to all brokers within ${timeout} ms`)
  }

  return {
    topics: (names, timeout) => (names === 'all' ? all(timeout) : describe(names, timeout)),
    async createTopics(topics, timeout) {
      const create = ({ name, partitions, settings, replicationFactor }: NewTopic): Promise<unknown> => {
        const topic = {
          topic: name,
          num_partitions: partitions,
          replication_factor: replicationFactor ?? -1,
          config: settings,
        }
        const making = repeated(timeout, (left) =>
          handle.call(`making topic ${name}`, left, (limit, done) => admin.createTopic(topic, limit, done)),
        )
        return making.catch((error: unknown) => {
          if (!(error instanceof KafkaError) || error.fault !== 'exists') throw error
        })
      }
      await Promise.all(topics.map(create))
      const names = topics.map(({ name }) => name)
      await untilKnown(names, new Set(names).size, timeout)
    },
    async deleteTopics(names, timeout) {
      const remove = (name: string): Promise<unknown> =>
        repeated(timeout, (left, isFirst) =>
          handle
            .call(`deleting topic ${name}`, left, (limit, done) => admin.deleteTopic(name, limit, done))
            .catch(unlessDone(isFirst)),
        )
      await Promise.all(names.map(remove))
      await untilKnown(names, 0, timeout)
    },
  }
}

/** Brokers before 2.8 give nothing but zeros. */
function idOf(id: LibraryTopic['topicId']): string | undefined {
  const digits = (bits = 0n): string => BigInt.asUintN(64, bits).toString(16).padStart(16, '0')
  const whole = digits(id?.mostSignificantBits) + digits(id?.leastSignificantBits)
  return /^0*$/.test(whole) ? undefined : whole
}
