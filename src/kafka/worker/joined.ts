import type { WorkerStatus } from '../../cluster/cluster.ts'
import type { KafkaClient, MemberOptions, Place } from '../client.ts'
import { explained, goneOffset } from '../input/offsetGone.ts'
import { placesOf } from '../place.ts'
import type { TopicNames } from '../topics.ts'
import type { ReadUpTo } from '../upkeep/surroundings.ts'
import type { TendedGroup } from '../upkeep/upkeep.ts'
import { shardStatus } from './ownership.ts'
import { createPump, type Pump, type PumpOptions, type PumpTarget } from './pump.ts'

/** A group that this worker has joined, and the topics that it reads as a member. */
export interface Joined {
  readonly group: string
  readonly topics: readonly string[]
  /** Of the state partition whose shards it is about. */
  readonly changelog: string | undefined
  readonly pump: Pump
}

/** All of them. */
export interface JoinedGroups {
  /** Joins a group, and begins to read what it gives. */
  join(of: Omit<Joined, 'pump'>, target: PumpTarget): Promise<void>
  /** Reads nothing any more. */
  stop(): Promise<void>
  readonly pumps: () => Pump[]
  /** How far each place has been read that the groups have given. */
  readonly reached: () => ReadUpTo[]
  /** The shards of these state partitions. `read`: how far a changelog has been read, from 0 to 1. */
  shards(partitions: readonly string[], names: TopicNames, read: (changelog: Place) => number): WorkerStatus['shards']
  /** `counts`: how many partitions topics have. */
  tended(counts: ReadonlyMap<string, number>): TendedGroup[]
}

export interface JoinedGroupsOptions extends Pick<PumpOptions, 'clock' | 'timeout' | 'lose' | 'changed'> {
  readonly client: KafkaClient
  /** Addresses, for what a user is told. */
  readonly brokers: string
  readonly worker: string
  readonly sessionTimeout: number
  readonly protocol: MemberOptions['protocol']
}

export function createJoinedGroups(options: JoinedGroupsOptions): JoinedGroups {
  const { client, brokers, worker, sessionTimeout, protocol, clock, timeout, lose, changed } = options
  const all: Joined[] = []
  let isStopped = false

  return {
    async join(of, target) {
      const { group, topics } = of
      const member = { client: worker, group, topics, sessionTimeout, protocol }
      const join: PumpOptions['join'] = (events) => client.member({ ...member, ...events }, timeout)
      const cure = ({ topic }: Place): string => cureOf(brokers, group, topic)
      const explain: PumpOptions['explain'] = (error, places) =>
        explained(error, () => goneOffset(client, places, cure, timeout))
      const pump = await createPump({ join, target, clock, timeout, lose, explain, changed })
      if (isStopped) await pump.stop()
      else all.push({ ...of, pump })
    },
    async stop() {
      isStopped = true
      await Promise.allSettled(all.map(({ pump }) => pump.stop()))
    },
    pumps: () => all.map(({ pump }) => pump),
    reached: () => all.flatMap(({ pump }) => pump.reached()),
    shards: (partitions, names, read) =>
      Object.fromEntries(
        partitions.map((partition) => {
          const topic = names.changelog(partition)
          const places = all.find(({ changelog }) => changelog === topic)?.pump.owned.list() ?? []
          return [partition, shardStatus(places, (place) => read({ ...place, topic }))]
        }),
      ),
    tended: (counts) =>
      all.map(({ group, topics, changelog, pump }) => {
        const owned = pump.owned.list().map(({ place }) => place)
        return {
          group,
          places: topics.flatMap((topic) => placesOf(topic, counts.get(topic) ?? 0)),
          owned: changelog === undefined ? owned : [],
          own: changelog === undefined ? [] : owned.flatMap((place) => [place, { ...place, topic: changelog }]),
        }
      }),
  }
}

/** What to do where offsets of a group are gone. */
const cureOf = (brokers: string, group: string, topic: string): string =>
  `Stop all workers, and have the group ${group} begin where you want it to, here at what there is: ` +
  `kafka-consumer-groups --bootstrap-server ${brokers} --group ${group} --topic ${topic} ` +
  '--reset-offsets --to-earliest --execute'
