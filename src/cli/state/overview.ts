import {
  keyOfEntity,
  partitionIdOf,
  partitionName,
  positionParts,
  readInfo,
  recordKind,
  stateOf,
  type CheckpointInfo,
  type Endpoint,
  type PartitionInfo,
} from '../../checkpoint/layout.ts'
import { lastCheckpoint } from '../../checkpoint/recovery.ts'
import { unpackTimers } from '../../checkpoint/storedTimers.ts'
import { expiry } from '../../state/timers/timerName.ts'
import type { OpenStore } from '../../store/store.ts'
import { shownTime } from '../../time/late.ts'
import { amount, bytes, count, seconds } from '../format.ts'
import { journalBeside, readStore } from './directory.ts'

interface PartitionSummary {
  readonly name: string
  readonly id: number
  readonly version: number
  entities: number
  /** Of packed states, without the entries of StateMaps. */
  stateBytes: number
  /** Of StateMaps and StateSets. */
  mapEntries: number
  /** Of their keys and values. */
  mapBytes: number
  /** Absent: there are none. */
  timers?: StoredTimes
  /** When entities expire. Absent: none does. */
  expiries?: StoredTimes
}

/** Timers of entities, and the first of them. */
interface StoredTimes {
  count: number
  next: { key: bigint; at: number }
}

interface Overview {
  readonly checkpoint: CheckpointInfo | undefined
  readonly partitions: readonly PartitionSummary[]
  readonly positions: readonly {
    readonly pipeline: string
    readonly kind: Endpoint
    readonly name: string
    readonly position: unknown
  }[]
}

/** What is in front of the key of an entry: tag, partition, key, map. */
const entryPrefixLength = 17

/** Prints what is in a store. */
export async function printOverview(directory: string, { json }: { readonly json: boolean }): Promise<void> {
  const overview = await readStore(directory, (store) => Promise.resolve(read(store)))
  console.log(json ? JSON.stringify(forJson(directory, overview), undefined, 2) : text(directory, overview))
}

/** One iteration over all of it, so that it is of one checkpoint, whatever is written meanwhile. */
function read(store: OpenStore): Overview {
  lastCheckpoint(store) // throws for a layout that is not known
  let checkpoint: CheckpointInfo | undefined
  const amounts = new Map<number, Omit<PartitionSummary, 'name' | 'id' | 'version'>>()
  const partitions: Pick<PartitionSummary, 'name' | 'id' | 'version'>[] = []
  const positions: Overview['positions'][number][] = []
  const amountsOf = (id: number): Omit<PartitionSummary, 'name' | 'id' | 'version'> => {
    let known = amounts.get(id)
    if (known === undefined) amounts.set(id, (known = { entities: 0, stateBytes: 0, mapEntries: 0, mapBytes: 0 }))
    return known
  }
  for (const { key, value } of store.range(Buffer.alloc(0))) {
    switch (recordKind(key)) {
      case 'checkpoint':
        checkpoint = readInfo<CheckpointInfo>(key, value)
        break
      case 'entity': {
        const partition = amountsOf(partitionIdOf(key))
        partition.entities++
        partition.stateBytes += stateOf(value).length
        break
      }
      case 'entry': {
        const partition = amountsOf(partitionIdOf(key))
        partition.mapEntries++
        partition.mapBytes += key.length - entryPrefixLength + value.length
        break
      }
      case 'timers':
        for (const [name, at] of unpackTimers(value)) {
          const partition = amountsOf(partitionIdOf(key))
          const of = name === expiry ? 'expiries' : 'timers'
          partition[of] = withTime(partition[of], keyOfEntity(key), at)
        }
        break
      case 'position':
        positions.push({ ...positionParts(key), position: readInfo(key, value) })
        break
      case 'partition': {
        const { id, version } = readInfo<PartitionInfo>(key, value)
        partitions.push({ name: partitionName(key), id, version })
        break
      }
      default:
    }
  }
  return { checkpoint, partitions: partitions.map((one) => ({ ...one, ...amountsOf(one.id) })), positions }
}

/** One more. Entities come in the order of their keys, so that of the same time the first one stays. */
function withTime(times: StoredTimes | undefined, key: bigint, at: number): StoredTimes {
  if (times === undefined) return { count: 1, next: { key, at } }
  return { count: times.count + 1, next: at < times.next.at ? { key, at } : times.next }
}

function forJson(directory: string, { checkpoint, partitions, positions }: Overview): unknown {
  return {
    directory,
    application: checkpoint?.application ?? null,
    checkpoint: checkpoint?.checkpoint ?? null,
    at: checkpoint === undefined ? null : new Date(checkpoint.at).toISOString(),
    ageMs: checkpoint === undefined ? null : Date.now() - checkpoint.at,
    layout: checkpoint?.layout ?? null,
    partitions: partitions.map((one) => ({ ...one, timers: times(one.timers), expiries: times(one.expiries) })),
    positions,
  }
}

/** For JSON, where there are some. */
const times = (stored: StoredTimes | undefined): unknown =>
  stored && { count: stored.count, next: { key: stored.next.key.toString(), at: stored.next.at } }

function text(directory: string, { checkpoint, partitions, positions }: Overview): string {
  const lines: string[] = []
  if (checkpoint === undefined) {
    lines.push(`${directory} holds a store without a checkpoint`)
  } else {
    const { application, at, layout } = checkpoint
    const age = seconds(Math.max(0, Date.now() - at))
    lines.push(
      `application      ${application}`,
      `last checkpoint  ${count(checkpoint.checkpoint)}, ${new Date(at).toISOString()}, ${age} ago`,
      `layout           ${layout}`,
    )
  }
  for (const partition of partitions) {
    const { name, id, version, entities, stateBytes, mapEntries, mapBytes, timers, expiries } = partition
    const maps =
      mapEntries === 0 ? '' : `, ${amount(mapEntries, 'StateMap entry', 'StateMap entries')} of ${bytes(mapBytes)}`
    lines.push(
      '',
      `state partition  ${name}`,
      `  version ${version}, id ${id}, ${amount(entities, 'entity', 'entities')} of ${bytes(stateBytes)}${maps}`,
    )
    if (timers !== undefined) lines.push(`  ${amount(timers.count, 'timer', 'timers')}, the next ${shownNext(timers)}`)
    if (expiries !== undefined)
      lines.push(`  ${amount(expiries.count, 'entity expires', 'entities expire')}, the next ${shownNext(expiries)}`)
  }
  const pipelines = new Set(positions.map(({ pipeline }) => pipeline))
  for (const pipeline of pipelines) {
    lines.push('', `pipeline         ${pipeline}`)
    for (const { kind, name, position } of positions.filter((one) => one.pipeline === pipeline)) {
      lines.push(`  ${kind.padEnd(6)} ${name}: position ${JSON.stringify(position)}`)
    }
  }
  const journal = journalBeside(directory)
  if (journal !== undefined) lines.push('', journal)
  return lines.join('\n')
}

const shownNext = ({ next: { key, at } }: StoredTimes): string => `at ${shownTime(at)}, of entity ${key}`
