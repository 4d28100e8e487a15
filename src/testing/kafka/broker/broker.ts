/* A broker in memory, in virtual time: topics, transactions and groups, as Kafka keeps them. */

import type { GroupMember } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import type { Random } from '../process/random.ts'
import type { Timeline } from '../process/timeline.ts'
import { createClassicGroup, type ClassicGroup } from './classicGroup.ts'
import { createConsumerGroup, type ConsumerGroup } from './consumerGroup.ts'
import type { Group } from './group.ts'
import { createOffsets, type Offsets } from './offsets.ts'
import { createTopics, type Topics } from './topics.ts'
import { createTransactions, type Transactions } from './transactions.ts'

export interface Broker {
  readonly topics: Topics
  readonly transactions: Transactions
  classic(group: string): ClassicGroup
  consumer(group: string): ConsumerGroup
  /** Those of a group that there is. */
  members(group: string): GroupMember[]
  offsets(group: string): Offsets
  /** The groups that there are, or were. */
  groups(): Iterable<string>
  /** Forgets what is committed in its name. Throws `missing` and `occupied`. */
  deleteGroup(group: string): void
  evict(group: string, client: string): void
  /** Whether it answers. */
  readonly isUp: boolean
  /** Resolves when it answers. */
  whenUp(): Promise<void>
  /** It has answered again for this long, in ms: coordinators are being loaded at first. */
  readonly upFor: number
  /** Is away for so many ms. What it has acknowledged it still has. */
  restart(milliseconds: number): void
  /** In ms since 1970. */
  now(): number
}

/** In ms: how long something takes inside the broker. */
const quickest = 0.1
const slowest = 3

export function createBroker(timeline: Timeline, random: Random): Broker {
  const topics = createTopics()
  const groups = new Map<string, Group>()
  const offsets = new Map<string, Offsets>()
  let upSince = -Infinity
  let isUp = true
  let waiting: (() => void)[] = []

  const now = (): number => timeline.now
  /** What falls into the time that it is away is done afterwards. */
  const after = (milliseconds: number, work: () => void): (() => void) => {
    let isWanted = true
    const cancel = timeline.after(milliseconds, () => {
      if (isUp) work()
      else {
        waiting.push(() => {
          if (isWanted) work()
        })
      }
    })
    return () => {
      isWanted = false
      cancel()
    }
  }
  const transactions = createTransactions({ now, after, delay: () => random.between(quickest, slowest) })

  const offsetsOf = (name: string): Offsets => {
    const found = offsets.get(name) ?? createOffsets()
    offsets.set(name, found)
    return found
  }
  const groupOf = <Kind extends Group>(name: string, create: (offsets: Offsets) => Kind): Kind => {
    const found = groups.get(name) ?? create(offsetsOf(name))
    groups.set(name, found)
    return found as Kind
  }

  return {
    topics,
    transactions,
    classic: (name) => groupOf(name, (own) => createClassicGroup({ topics, offsets: own, now, after })),
    consumer: (name) => groupOf(name, (own) => createConsumerGroup({ topics, offsets: own, now, after })),
    members: (name) => groups.get(name)?.members() ?? [],
    offsets: offsetsOf,
    groups: () => groups.keys(),
    deleteGroup(name) {
      const members = groups.get(name)?.members() ?? []
      if (members.length > 0) throw new KafkaError('occupied', `group ${name} has members`, 68)
      if (offsetsOf(name).all().length === 0) throw new KafkaError('missing', `no group ${name}`, 69)
      offsetsOf(name).clear()
    },
    evict(group, client) {
      groups.get(group)?.evict(client)
    },
    get isUp() {
      return isUp
    },
    whenUp: () =>
      isUp
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve)
          }),
    get upFor() {
      return timeline.now - upSince
    },
    restart(milliseconds) {
      if (!isUp) return
      isUp = false
      timeline.after(milliseconds, () => {
        isUp = true
        upSince = timeline.now
        for (const { sessions } of groups.values()) sessions.touchAll()
        const now = waiting
        waiting = []
        for (const work of now) work()
      })
    },
    now,
  }
}
