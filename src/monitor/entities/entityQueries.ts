import type { OpenPartition, RunPartitions } from '../../checkpoint/partitions.ts'
import type { StoredSize } from '../../checkpoint/storedPartition.ts'
import { plainJson, type ShownMost } from '../../serialization/plainJson.ts'
import { lookedAtBySize, type EntityPage, type EntityPageWanted, type EntityQueries } from '../monitored.ts'
import { estimatedSize } from './estimatedSize.ts'
import { firstKeys } from './firstKeys.ts'

/** How much of one state is shown. */
const shownMost: ShownMost = { values: 10_000, text: 10_000, depth: 100 }

/** Entities that are read from the store, or measured, in one turn of the event loop. */
const slice = 200

/** One key of a page, and how long it is in the store where it is not in memory. */
interface Found {
  readonly key: bigint
  readonly length: number | undefined
}

/**
 * Looks into the entities of a run's state partitions, in memory and in the store, without moving one of them. A page
 * takes work for each key in memory, and for each entity of the page.
 */
export function entityQueries(partitions: Pick<RunPartitions, 'open'>, name: string): EntityQueries | undefined {
  const open = partitions.open(name)
  if (open === undefined) return undefined
  return {
    page: (wanted) => pageOf(open, wanted),
    entity(key) {
      const { table, stored: kept, partition } = open
      const state = table.get(key)
      const shown = { key: key.toString() }
      if (state !== undefined) return { ...shown, inMemory: true, state: plainJson(state, shownMost) }
      const stored = kept?.peek(key)
      if (stored === undefined) return undefined
      return {
        ...shown,
        inMemory: false,
        ...(stored.version !== partition.version && { version: stored.version }),
        state: plainJson(stored.state, shownMost),
      }
    },
  }
}

async function pageOf(open: OpenPartition, { after, limit, by }: EntityPageWanted): Promise<EntityPage> {
  const count = by === 'key' ? limit : lookedAtBySize
  // One more, which says whether there is a next page.
  const found = await foundAfter(open, after, count + 1)
  const hasMore = found.length > count
  if (hasMore) found.length = count
  const next = hasMore ? { next: found.at(-1)!.key.toString() } : {}
  const entities: { key: string; size: number }[] = []
  for (const [at, { key, length }] of found.entries()) {
    if (at > 0 && at % slice === 0) await turn()
    const size = length ?? estimatedSize(open.table.get(key))
    entities.push({ key: key.toString(), size })
  }
  if (by === 'size') entities.sort((one, other) => other.size - one.size)
  return { entities: entities.slice(0, limit), ...next }
}

/** Those in memory first: what leaves memory while they are looked for is in the store then. */
async function foundAfter({ table, stored: kept }: OpenPartition, after: bigint | undefined, count: number) {
  const inMemory = await firstKeys(table, after, count)
  const stored = kept === undefined ? [] : await firstStored(kept.storedAfter(after), count)
  const found: Found[] = []
  let at = 0
  for (const { key, length } of stored) {
    while (at < inMemory.length && inMemory[at]! < key) found.push({ key: inMemory[at++]!, length: undefined })
    const isInMemory = at < inMemory.length && inMemory[at] === key
    if (isInMemory) at++
    found.push({ key, length: isInMemory ? undefined : length })
  }
  while (at < inMemory.length) found.push({ key: inMemory[at++]!, length: undefined })
  if (found.length > count) found.length = count
  return found
}

async function firstStored(stored: Iterable<StoredSize>, count: number): Promise<StoredSize[]> {
  const found: StoredSize[] = []
  for (const one of stored) {
    found.push(one)
    if (found.length === count) break
    if (found.length % slice === 0) await turn()
  }
  return found
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
