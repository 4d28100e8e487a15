import type { KafkaClient, Place } from '../../kafka/client.ts'
import { idOf } from '../../kafka/place.ts'
import { amount, count } from '../format.ts'
import { findApplication, type FoundGroup, type FoundPartition, type NamedTopic } from './application.ts'
import { timeout } from './connection.ts'

export interface PlaceOverview {
  /** Who has it; `null` where nobody has. */
  readonly owner: string | null
  /** What has been processed; `null` where nothing has. */
  readonly committed: number | null
  /** Offsets from there to the end. */
  readonly lag: number
}

export interface ShardOverview extends PlaceOverview {
  readonly shard: number
  /** Offsets of its changelog, from the first to the end. */
  readonly changelog: number
}

export interface Overview {
  readonly application: string
  /** Members of its groups, by name. */
  readonly workers: readonly string[]
  readonly topics: readonly NamedTopic[]
  readonly partitions: readonly {
    readonly name: string
    readonly group: string
    readonly shards: readonly ShardOverview[]
  }[]
  readonly inputs: readonly {
    readonly group: string
    readonly places: readonly (Place & PlaceOverview)[]
  }[]
}

/** Prints what an application has on Kafka. */
export async function printOverview(client: KafkaClient, application: string, json: boolean): Promise<number> {
  const overview = await readOverview(client, application)
  console.log(json ? JSON.stringify(overview, undefined, 2) : shownOverview(overview))
  return 0
}

export async function readOverview(client: KafkaClient, application: string): Promise<Overview> {
  const { workers, partitions, inputs, topics, groups } = await findApplication(client, application)
  const members = [...partitions.map(({ group }) => group), ...inputs].flatMap((group) => group.members)

  /** All partitions of these topics, and of those that members of the group have, or had. */
  const placesOf = async (group: FoundGroup, own: readonly string[]): Promise<(Place & PlaceOverview)[]> => {
    const committed = groups.has(group.name) ? await client.committedOf(group.name, timeout) : []
    const offsets = new Map(committed.map((at) => [idOf(at), at.offset]))
    const owners = ownersOf(group)
    const known = [...committed, ...group.members.flatMap((member) => member.places)].map(({ topic }) => topic)
    const places = [...new Set([...own, ...known])]
      .sort()
      .flatMap((name) => allOf({ name, partitions: 0, ...topics.get(name) }))
    const ends = await client.ends(places, 'uncommitted', timeout)
    return places.map((place, at) => {
      const { low, end } = ends[at]!
      const offset = offsets.get(idOf(place))
      const lag = Math.max(0, end - Math.max(low, offset ?? low))
      return { ...place, owner: owners.get(idOf(place)) ?? null, committed: offset ?? null, lag }
    })
  }
  const shardsOf = async ({ exchange, changelog, group }: FoundPartition): Promise<ShardOverview[]> => {
    const places = await placesOf(group, exchange === undefined ? [] : [exchange.name])
    const changes = changelog === undefined ? [] : await client.ends(allOf(changelog), 'uncommitted', timeout)
    return places.map(({ partition, owner, committed, lag }) => {
      const { low, end } = changes[partition] ?? { low: 0, end: 0 }
      return { shard: partition, owner, committed, lag, changelog: end - low }
    })
  }

  return {
    application,
    workers: [...new Set(members.map((member) => member.client))].sort(),
    topics: [workers, ...partitions.flatMap(({ exchange, changelog }) => [exchange ?? [], changelog ?? []].flat())],
    partitions: await Promise.all(
      partitions.map(async (partition) => ({
        name: partition.name,
        group: partition.group.name,
        shards: await shardsOf(partition),
      })),
    ),
    inputs: await Promise.all(inputs.map(async (group) => ({ group: group.name, places: await placesOf(group, []) }))),
  }
}

const allOf = ({ name, partitions }: NamedTopic): Place[] =>
  Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition }))

/** Who has each place. */
const ownersOf = ({ members }: FoundGroup): Map<string, string> =>
  new Map(members.flatMap(({ client, places }) => places.map((place) => [idOf(place), client] as const)))

export function shownOverview({ application, workers, topics, partitions, inputs }: Overview): string {
  const lines = [
    `application      ${application}`,
    `workers          ${workers.length === 0 ? 'none is running' : workers.join(', ')}`,
    `topics           ${topics.map(({ name, partitions: of }) => `${name} (${count(of)})`).join(', ')}`,
  ]
  for (const { name, group, shards } of partitions) {
    lines.push('', `state partition  ${name}, group ${group}`)
    const rows = shards.map(({ shard, owner, lag, changelog }) => [
      String(shard),
      owner ?? '-',
      count(lag),
      count(changelog),
    ])
    lines.push(...table(['shard', 'owner', 'lag', 'changelog'], rows), ...ownerless(workers, shards, 'shard'))
  }
  for (const { group, places } of inputs) {
    lines.push('', `input group      ${group}`)
    const rows = places.map(({ topic, partition, owner, lag }) => [`${topic}[${partition}]`, owner ?? '-', count(lag)])
    lines.push(...table(['partition', 'owner', 'lag'], rows), ...ownerless(workers, places, 'partition'))
  }
  return lines.join('\n')
}

/** While a rebalance is under way that may be so for a moment; when it stays, nothing is processed there. */
function ownerless(workers: readonly string[], places: readonly PlaceOverview[], what: string): string[] {
  const without = places.filter(({ owner }) => owner === null).length
  if (workers.length === 0 || without === 0) return []
  return [`  ${amount(without, `${what} has`, `${what}s have`)} no owner now`]
}

/** Text to the left, numbers to the right. */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)))
  const isNumber = titles.map((_, at) => rows.every((row) => /^[\d,]+$/.test(row[at]!)))
  return [titles, ...rows].map((row) => {
    const cells = row.map((cell, at) => (isNumber[at] === true ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
    return `  ${cells.join('  ')}`.trimEnd()
  })
}
