import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lmdbStore } from '../../../../src/store/lmdb/lmdbStore.ts'
import { temporaryFolder } from '../../../support/files.ts'
import { storeSuite } from '../storeSuite.ts'
import { bytes, newDirectory, opened, put, storeWith } from './stores.ts'

storeSuite('a store with LMDB', () => lmdbStore(join(temporaryFolder(), 'store.1')))
storeSuite("a store with LMDB and sync 'process'", () => lmdbStore(temporaryFolder(), { sync: 'process' }))

describe('a store with LMDB', () => {
  test('makes its directory, with those above it', async () => {
    const directory = join(temporaryFolder(), 'not', 'there', 'yet')
    const store = await opened(directory)
    await store.commit([put('a', '1')])
    expect(readdirSync(directory).sort()).toEqual(['data.mdb', 'lock.mdb', 'log-1', 'owner-1', 'wallarx-store.json'])
    expect(JSON.parse(readFileSync(join(directory, 'wallarx-store.json'), 'utf8'))).toEqual({ format: 2 })
  })

  test('opens in a directory in which it was ended before it had anything', async () => {
    const directory = newDirectory()
    mkdirSync(directory)
    writeFileSync(join(directory, 'wallarx-store.json.new'), '')
    writeFileSync(join(directory, 'data.mdb'), '')
    const store = await opened(directory)
    await store.commit([put('a', '1')])
    await store.close()
    rmSync(join(directory, 'wallarx-store.json'))
    const empty = await storeWith([])
    rmSync(join(empty, 'wallarx-store.json'))
    await (await opened(empty)).commit([put('a', '1')])
  })

  test('checks its arguments where it is made', () => {
    expect(() => lmdbStore('')).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => lmdbStore(undefined as never)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => lmdbStore('a', { readOnly: 1 as never })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => lmdbStore('a', { sync: 'disk' as never })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })

  test('hands over a commit of many changes, and of much', async () => {
    const store = await opened(newDirectory())
    const changes = Array.from({ length: 100_000 }, (_, number) => put(`key ${number}`, String(number)))
    const large = Array.from({ length: 20 }, (_, number) => put(`large ${number}`, Buffer.alloc(1_000_000, number)))
    await Promise.all([store.commit(changes), store.commit(large)])
    expect([...store.range(bytes('key '))]).toHaveLength(100_000)
    expect([...store.range(bytes('large '))].map(({ value }) => value.length)).toEqual(Array(20).fill(1_000_000))
  })

  test('may be closed while an iteration is on its way', async () => {
    const directory = await storeWith(Array.from({ length: 1000 }, (_, number) => put(`key ${number}`, 'value')))
    const store = await lmdbStore(directory).open()
    const iterators = Array.from({ length: 5 }, () => store.range(bytes(''))[Symbol.iterator]())
    for (const iterator of iterators) iterator.next()
    await store.commit([put('a', '1')])
    await store.close()
    for (const iterator of iterators) expect(() => iterator.next()).toThrow('was closed')
    await (await opened(directory)).commit([put('b', '1')])
  })
})
