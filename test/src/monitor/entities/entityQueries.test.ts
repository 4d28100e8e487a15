import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lmdbStore, memoryStore, StateMap, statePartition, type OpenStore, type Store } from 'wallarx'
import { silentLog } from '../../../../src/base/log.ts'
import { createRunPartitions, type RunPartitions } from '../../../../src/checkpoint/partitions.ts'
import { entityQueries } from '../../../../src/monitor/entities/entityQueries.ts'
import { lookedAtBySize, type EntityPage, type EntityPageWanted } from '../../../../src/monitor/monitored.ts'
import type { StatePartition } from '../../../../src/state/statePartition.ts'
import { temporaryFolder } from '../../../support/files.ts'

interface Total {
  sum: number
  text: string
}

const totals = (cache?: number): StatePartition<unknown, Total> =>
  statePartition('totals', { build: () => ({ sum: 0, text: '' }), cache })

/** Of a run that is in the middle of something. */
interface Opened {
  readonly partitions: RunPartitions
  put(key: bigint, text?: string): void
  /** What a checkpoint does. */
  checkpoint(): Promise<void>
  page(wanted: Partial<EntityPageWanted>): Promise<EntityPage>
}

const open = (store: OpenStore | undefined, partition = totals()): Opened => {
  const partitions = createRunPartitions('run', store, silentLog, () => undefined)
  const table = partitions.of(partition)
  const queries = entityQueries(partitions, 'totals')!
  return {
    partitions,
    put(key, text = '') {
      const slot = table.slot(key)
      table.states[slot]!.text = text
      table.changed(slot)
    },
    checkpoint: async () => store?.commit(partitions.changes()),
    page: (wanted) => queries.page({ limit: 10, by: 'key', ...wanted }),
  }
}

/** All keys, page after page. */
async function pages(opened: Opened, limit: number, by: 'key' | 'size' = 'key'): Promise<bigint[][]> {
  const found: bigint[][] = []
  for (let after: bigint | undefined; ;) {
    const { entities, next } = await opened.page({ limit, by, ...(after !== undefined && { after }) })
    found.push(entities.map(({ key }) => BigInt(key)))
    if (next === undefined) return found
    after = BigInt(next)
  }
}

const aKey = fc.oneof(
  fc.bigInt({ min: 0n, max: 30n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n),
)
const ordered = (keys: Iterable<bigint>): bigint[] => [...new Set(keys)].sort((one, other) => (one < other ? -1 : 1))

describe.each<[name: string, make: () => Store | undefined]>([
  ['in memory', () => undefined],
  ['with memoryStore', () => memoryStore()],
  ['with lmdbStore', () => lmdbStore(temporaryFolder())],
])('%s', (name, make) => {
  test('pages have every entity once, in the order of keys, wherever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(aKey, { maxLength: 40 }),
        fc.array(aKey, { maxLength: 40 }),
        fc.array(aKey, { maxLength: 10 }),
        fc.integer({ min: 1, max: 7 }),
        async (before, stored, changed, limit) => {
          const store = make()
          const first = await store?.open()
          if (first !== undefined) {
            const run = open(first)
            for (const key of before) run.put(key)
            await run.checkpoint()
            run.partitions.close()
            await first.close()
          }
          const second = await store?.open()
          const partition = totals(3)
          const run = open(second, partition)
          for (const key of stored) run.put(key)
          await run.checkpoint() // some leave memory
          for (const key of changed) run.put(key)
          const all = ordered([...(store === undefined ? [] : before), ...stored, ...changed])
          const found = await pages(run, limit)
          expect(found.flat()).toEqual(all)
          expect(found.slice(0, -1).every((page) => page.length === limit)).toBe(true)
          await second?.close()
        },
      ),
      { numRuns: name === 'with lmdbStore' ? 20 : 100 },
    )
  })

  test('looking moves nothing into memory and changes nothing', async () => {
    const store = await make()?.open()
    const run = open(store, totals(1))
    for (let key = 0n; key < 10n; key++) run.put(key, 'x'.repeat(Number(key)))
    await run.checkpoint()
    await run.checkpoint()
    const { table } = run.partitions.open('totals')!
    const there = table.size
    const queries = entityQueries(run.partitions, 'totals')!
    for (let key = 0n; key < 10n; key++) {
      expect(queries.entity(key)).toMatchObject({ key: String(key), state: { sum: 0, text: 'x'.repeat(Number(key)) } })
    }
    expect(queries.entity(10n)).toBeUndefined()
    await pages(run, 3)
    expect(table.size).toBe(there)
    expect(run.partitions.changes()).toEqual([])
    await store?.close()
  })
})

test('the largest come first, of so many as one page looks at', async () => {
  const run = open(undefined)
  const count = lookedAtBySize + 500
  for (let key = 0; key < count; key++) run.put(BigInt(key), 'x'.repeat(key % 1000 === 7 ? key : 0))
  const first = await run.page({ by: 'size', limit: 3 })
  expect(first.entities.map(({ key }) => key)).toEqual(['9007', '8007', '7007'])
  expect(first.next).toBe(String(lookedAtBySize - 1))
  const second = await run.page({ by: 'size', limit: 3, after: BigInt(first.next!) })
  expect(second.entities[0]!.key).toBe('10007')
  expect(second.next).toBeUndefined()
})

test('entities that come and leave memory while a page is made are there, or come later', async () => {
  const store = await memoryStore().open()
  const run = open(store, totals(1000))
  for (let key = 0n; key < 100_000n; key++) run.put(key * 7n)
  const asked = run.page({ limit: 1000 })
  await run.checkpoint()
  run.partitions.changes()
  for (let key = 0n; key < 1000n; key++) run.put(key * 7n + 1n)
  const { entities } = await asked
  const found = new Set(entities.map(({ key }) => BigInt(key)))
  expect(found.size).toBe(1000)
  const last = BigInt(entities.at(-1)!.key)
  for (let key = 0n; key <= last; key += 7n) expect(found.has(key)).toBe(true)
})

test('entries of a StateMap that are in the store are shown, and stay there', async () => {
  const store = memoryStore()
  const partition = () => statePartition('maps', { build: () => new StateMap<string, number>() })
  const openMaps = async () => {
    const opened = await store.open()
    const partitions = createRunPartitions('run', opened, silentLog, () => undefined)
    return { opened, partitions, table: partitions.of(partition()) }
  }
  const first = await openMaps()
  const slot = first.table.slot(1)
  for (let n = 0; n < 50; n++) first.table.states[slot]!.set(`k${n}`, n)
  first.table.changed(slot)
  await first.opened.commit(first.partitions.changes())
  await first.opened.close()

  const { partitions, table } = await openMaps()
  const queries = entityQueries(partitions, 'maps')!
  const entries = (): [string, number][] => (queries.entity(1n)!.state as [string, number][]).sort()
  const all = Array.from({ length: 50 }, (_, n) => [`k${n}`, n]).sort()
  expect([entries(), table.size]).toEqual([all, 0])
  const map = table.states[table.slot(1)]!
  map.set('k7', -7)
  map.delete('k8')
  map.set('new', 1)
  expect(new Map(entries())).toEqual(
    new Map([...all.map(([k, v]) => [k, v] as const), ['k7', -7], ['new', 1]].filter(([k]) => k !== 'k8') as never),
  )
  table.changed(table.slot(1))
  expect(partitions.changes().length).toBeLessThan(5) // nothing else came into memory and is written again
})

test('a state of an earlier version is shown as it is, with its version', async () => {
  const store = await memoryStore().open()
  const run = open(store)
  run.put(1n, 'old')
  await run.checkpoint()
  run.partitions.close()
  const newer = createRunPartitions('run', store, silentLog, () => undefined)
  newer.of(
    statePartition<Total>('totals', {
      build: () => ({ sum: 0, text: '' }),
      version: 2,
      migrate() {
        throw new Error('looking is no use')
      },
    }),
  )
  expect(entityQueries(newer, 'totals')!.entity(1n)).toEqual({
    key: '1',
    inMemory: false,
    version: 1,
    state: { sum: 0, text: 'old' },
  })
})
