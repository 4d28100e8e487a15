import type { FoundTopic, GroupMember, KafkaClient } from '../../kafka/client.ts'
import { topicNames } from '../../kafka/topics.ts'
import { Failure } from '../failure.ts'
import { timeout } from './connection.ts'

/** A topic that there is. */
export interface NamedTopic extends FoundTopic {
  readonly name: string
}

export interface FoundGroup {
  readonly name: string
  readonly members: readonly GroupMember[]
}

/** A state partition of an application, as far as it is on Kafka. */
export interface FoundPartition {
  readonly name: string
  readonly exchange: NamedTopic | undefined
  readonly changelog: NamedTopic | undefined
  /** Of who owns its shards. */
  readonly group: FoundGroup
}

/** What an application has on Kafka. */
export interface FoundApplication {
  readonly workers: NamedTopic
  readonly partitions: readonly FoundPartition[]
  /** Of its sources, as far as they are named after it. */
  readonly inputs: readonly FoundGroup[]
  /** All topics that there are, those of others too. */
  readonly topics: ReadonlyMap<string, FoundTopic>
  /** The names of all groups that there are. */
  readonly groups: ReadonlySet<string>
}

/** Finds by its name what an application has. Rejects with a `Failure` where there is no such application. */
export async function findApplication(client: KafkaClient, application: string): Promise<FoundApplication> {
  const [topics, groupNames] = await Promise.all([client.topics('all', timeout), client.groups(timeout)])
  const names = topicNames(application)
  const topic = (name: string): NamedTopic | undefined => {
    const found = topics.get(name)
    return found && { name, ...found }
  }
  const workers = topic(names.workers)
  if (workers === undefined) throw new Failure(unknownApplication(application, topics.keys()))

  const group = async (name: string): Promise<FoundGroup> => ({ name, members: await client.members(name, timeout) })
  const partitions = new Set<string>()
  for (const name of topics.keys()) {
    const partition = name.split('.')[1]
    if (partition === undefined) continue
    if (name === names.exchange(partition) || name === names.changelog(partition)) partitions.add(partition)
  }
  const ofPartition = async (name: string): Promise<FoundPartition> => ({
    name,
    exchange: topic(names.exchange(name)),
    changelog: topic(names.changelog(name)),
    group: await group(names.group(name)),
  })
  return {
    workers,
    partitions: await Promise.all([...partitions].sort().map(ofPartition)),
    inputs: await Promise.all(
      groupNames
        .filter((name) => isInputOf(application, name, topics))
        .sort()
        .map(group),
    ),
    topics,
    groups: new Set(groupNames),
  }
}

/**
 * Whether a group is that of a source: APP.PIPELINE.SOURCE. All three may have dots, so that it could be one of an
 * application with a longer name, where there is one.
 */
function isInputOf(application: string, group: string, topics: ReadonlyMap<string, unknown>): boolean {
  if (!group.startsWith(`${application}.`)) return false
  const parts = group.split('.')
  const own = application.split('.').length
  if (parts.length < own + 2) return false
  for (let length = own + 1; length <= parts.length - 2; length++) {
    if (topics.has(topicNames(parts.slice(0, length).join('.')).workers)) return false
  }
  return true
}

function unknownApplication(application: string, topics: Iterable<string>): string {
  const there = [...topics].flatMap((name) => /^([^.]+)\.workers$/.exec(name)?.[1] ?? []).sort()
  const others = there.length === 0 ? 'There is none' : `There is ${there.join(', ')}`
  return `there is no application "${application}" on this Kafka. ${others}`
}
