import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { lmdbStore } from '../../../../src/store/lmdb/lmdbStore.ts'
import { bytes, kill, newDirectory, opened, put, startOwner } from './stores.ts'

describe('a store with LMDB that is open to read', () => {
  test('sees what another process commits, however much, and commits nothing', async () => {
    const directory = newDirectory()
    const owner = await startOwner(
      directory,
      `
        process.stdin.on('data', async () => {
          await store.commit([
            { key: Buffer.from('by'), value: undefined },
            ...Array.from({ length: 30 }, (_, n) => ({ key: Buffer.from('large ' + n), value: Buffer.alloc(1e6, n) })),
          ])
          console.log('committed')
        })
      `,
    )
    const readers = [await opened(directory, { readOnly: true }), await opened(directory, { readOnly: true })]
    const started = readers[0]!.range(bytes(''))[Symbol.iterator]()
    for (const reader of readers) expect(reader.get(bytes('by'))).toEqual(bytes(String(owner.process.pid)))
    owner.process.stdin.write('\n')
    await owner.until(() => owner.stdout().includes('committed'))
    for (const reader of readers) {
      expect(reader.get(bytes('by'))).toBeUndefined()
      expect([...reader.range(bytes(''))].map(({ value }) => value.at(-1))).toEqual(
        [...Array(30).keys()].sort((a, b) => (String(a) < String(b) ? -1 : 1)),
      )
      await expect(reader.commit([put('a', '1')])).rejects.toMatchObject({
        code: 'STORE_READ_ONLY',
        message: `expected a store to commit to, got one open to read (store: lmdb ${directory})`,
      })
    }
    expect(started.next().value.key).toEqual(bytes('large 0'))
    await readers[0]!.close()
    expect(readers[1]!.get(bytes('large 3'))!.equals(Buffer.alloc(1e6, 3))).toBe(true)
    await kill(owner)
    const next = await startOwner(directory)
    expect(readers[1]!.get(bytes('by'))).toEqual(bytes(String(next.process.pid)))
  })

  test('is there also beside its owner in the same process, and outlives it', async () => {
    const directory = newDirectory()
    const owner = await lmdbStore(directory).open()
    await owner.commit([put('a', '1')])
    const reader = await opened(directory, { readOnly: true })
    expect(reader.get(bytes('a'))).toEqual(bytes('1'))
    await owner.commit([put('a', '2')])
    await owner.close()
    await delay(5)
    expect(reader.get(bytes('a'))).toEqual(bytes('2'))
    await (await opened(directory)).commit([put('a', '3')])
    await delay(5)
    expect(reader.get(bytes('a'))).toEqual(bytes('3'))
  })

  test('is not made', async () => {
    const directory = newDirectory()
    await expect(lmdbStore(directory, { readOnly: true }).open()).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: `expected a store of wallarx in ${directory}, got none (store: lmdb ${directory})`,
    })
    expect(existsSync(directory)).toBe(false)
  })
})
