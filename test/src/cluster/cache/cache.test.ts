import { expect, test } from 'vitest'
import { memoryStore } from 'wallarx'
import { silentLog } from '../../../../src/base/log.ts'
import { WallarxError } from '../../../../src/base/errors.ts'
import { cacheInfoKey, checkpointKey, infoValue } from '../../../../src/checkpoint/layout.ts'
import { storeCommitter } from '../../../../src/checkpoint/committer.ts'
import { lastCheckpoint } from '../../../../src/checkpoint/recovery.ts'
import { openCache } from '../../../../src/cluster/cache/cache.ts'
import type { OpenStore } from '../../../../src/store/store.ts'

const owner = { application: 'counts', cluster: 'one:9092', shards: 4 }
const some = { key: Buffer.from('e of an entity'), value: Buffer.from('state') }

const keysOf = (store: OpenStore): string[] => [...store.range(Buffer.alloc(0))].map(({ key }) => String(key))

test('what the worker is called is made once and kept, also where the rest is emptied', async () => {
  const store = await memoryStore().open()
  const name = await openCache(store, owner, silentLog)
  expect(await openCache(store, owner, silentLog)).toBe(name)
  expect(await openCache(store, { ...owner, application: 'other' }, silentLog)).toBe(name)
  expect(await openCache(await memoryStore().open(), owner, silentLog)).not.toBe(name)
})

test.each([{ application: 'other' }, { cluster: 'two:9092' }, { shards: 8 }])(
  'a cache of %o is emptied, and the log says so',
  async (changed) => {
    const store = await memoryStore().open()
    await openCache(store, owner, silentLog)
    await store.commit([some])
    await openCache(store, owner, silentLog)
    expect(keysOf(store)).toHaveLength(2)
    const said: string[] = []
    await openCache(store, { ...owner, ...changed }, { ...silentLog, info: (event) => said.push(event) })
    expect(keysOf(store)).toEqual([String(cacheInfoKey)])
    expect(said).toHaveLength(1)
  },
)

test('checkpoints of a single process are not touched, and a cache is none', async () => {
  const store = await memoryStore().open()
  await storeCommitter(store).commit(
    { layout: 1, application: 'counts', checkpoint: 1, at: 0 },
    { entities: [], positions: [] },
  )
  await expect(openCache(store, owner, silentLog)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  expect(keysOf(store)).toEqual([String(checkpointKey)])

  const cache = await memoryStore().open()
  await openCache(cache, owner, silentLog)
  expect(() => lastCheckpoint(cache)).toThrow(WallarxError)
})

test('a cache that is damaged, or of a newer version, is told with what to do', async () => {
  const store = await memoryStore().open()
  await store.commit([{ key: cacheInfoKey, value: Buffer.from('{') }])
  await expect(openCache(store, owner, silentLog)).rejects.toMatchObject({
    code: 'STATE_CORRUPT',
    got: expect.stringContaining('may be deleted') as string,
  })
  await store.commit([{ key: cacheInfoKey, value: infoValue({ layout: 2 }) }])
  await expect(openCache(store, owner, silentLog)).rejects.toMatchObject({
    code: 'STORE_FROM_NEWER_VERSION',
    got: expect.stringContaining('may be deleted') as string,
  })
})
