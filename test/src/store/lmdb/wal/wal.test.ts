import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open as openLmdb } from 'lmdb'
import { describe, expect, test } from 'vitest'
import { lmdbStore } from '../../../../../src/store/lmdb/lmdbStore.ts'
import { createWal } from '../../../../../src/store/lmdb/wal/wal.ts'
import { checkWalFiles, readWalFiles } from '../../../../../src/store/lmdb/wal/files.ts'
import { changeLength, walRecord } from '../../../../../src/store/lmdb/wal/format.ts'
import type { Change } from '../../../../../src/store/store.ts'
import { temporaryFolder } from '../../../../support/files.ts'
import { bytes, crash, entriesOf, newDirectory, opened, put, walFilesIn } from '../stores.ts'

/** What both ways to open a store give: its entries, or the error. */
async function outcomes(directory: string): Promise<unknown[]> {
  const results: unknown[] = []
  for (const readOnly of [true, false]) {
    try {
      const store = await lmdbStore(directory, { readOnly }).open()
      results.push(entriesOf(store))
      await store.close()
    } catch (error) {
      results.push(error)
    }
  }
  return results
}

/** The directory of a store with these commits in the log, as a crash leaves it. */
async function crashedWith(...commits: Change[][]): Promise<string> {
  const directory = newDirectory()
  const store = await opened(directory)
  for (const changes of commits) await store.commit(changes)
  return crash(directory)
}

const threeCommits = [
  [put('a', '1'), put('b', '1')],
  [put('a', '2'), { key: bytes('b'), value: undefined }],
  [put('c', '3')],
]
const statesOf = [[], ['a=1', 'b=1'], ['a=2'], ['a=2', 'c=3']]

describe('the log of a store with LMDB', () => {
  test('has what was committed until the store is closed, and is gone then', async () => {
    const directory = newDirectory()
    const store = await opened(directory)
    expect(walFilesIn(directory)).toEqual([])
    for (const changes of threeCommits) await store.commit(changes)
    expect(walFilesIn(directory)).toEqual(['log-1'])
    await store.close()
    expect(walFilesIn(directory)).toEqual([])
    const plain = openLmdb<Buffer, Buffer>({
      path: directory,
      noSubdir: false,
      keyEncoding: 'binary',
      encoding: 'binary',
    })
    expect(String(plain.get(bytes('a')))).toBe('2')
    await plain.close()
    expect(entriesOf(await opened(directory))).toEqual(['a=2', 'c=3'])
  })

  test('is read back after a crash, again and again', async () => {
    let directory = newDirectory()
    for (let round = 0; round < 10; round++) {
      const store = await opened(directory)
      expect(entriesOf(store)).toEqual(Array.from({ length: round }, (_, number) => `round ${number}=${number}`))
      await store.commit([put(`round ${round}`, String(round))])
      directory = crash(directory)
      expect(walFilesIn(directory).length).toBeGreaterThan(0)
    }
    const [seen, owned] = await outcomes(directory)
    expect(seen).toHaveLength(10)
    expect(owned).toEqual(seen)
    expect(walFilesIn(directory)).toEqual([])
  })

  test('is not read before the call of commit has returned, as the changes are not', async () => {
    const store = await opened(newDirectory())
    let looked = false
    const change = {
      get key() {
        looked = true
        return bytes('a')
      },
      value: bytes('1'),
    }
    const committed = store.commit([change])
    expect(looked).toBe(false)
    expect(store.get(bytes('a'))).toEqual(bytes('1'))
    expect(looked).toBe(true)
    await committed
  })

  test('is cut where a crash left a part of a record, at whatever byte', { timeout: 60_000 }, async () => {
    const whole = await crashedWith(...threeCommits)
    const log = readFileSync(join(whole, 'log-1'))
    const ends = [32, 64, 96, 128] // of the header and of each record
    expect(log).toHaveLength(128)
    for (let length = 0; length <= log.length; length++) {
      const directory = crash(whole)
      writeFileSync(join(directory, 'log-1'), log.subarray(0, length))
      const found = await outcomes(directory)
      const commits = ends.filter((end) => end <= length).length - 1
      if (commits >= 0) {
        expect(found, `${length} bytes`).toEqual([statesOf[commits], statesOf[commits]])
        continue
      }
      const message = expect.stringContaining('log-1 to be there and whole, got none')
      const error = expect.objectContaining({ code: 'STORE_FAILED', message })
      expect(found, `${length} bytes`).toEqual([error, error])
    }
  })

  test('is cut where a machine that crashed had not written a sector of the last record', async () => {
    const large = (fill: string): Change => put(fill, Buffer.alloc(3000, fill))
    const whole = await crashedWith([put('a', '1')], [large('b')], [large('c')])
    const log = readFileSync(join(whole, 'log-1'))
    const last = log.indexOf(Buffer.alloc(3000, 'c'))
    const zero = (from: number, to: number): string => {
      const directory = crash(whole)
      writeFileSync(join(directory, 'log-1'), Buffer.from(log).fill(0, from, to))
      return directory
    }
    const sector = Math.ceil(last / 512) * 512
    const head = last - 16 - 6 // `last` is where the key is, the same letter
    for (const [from, to] of [
      [sector, sector + 512],
      [sector, log.length],
      [head, Math.ceil((head + 1) / 512) * 512],
      [head, log.length],
    ] as const) {
      const [seen, owned] = await outcomes(zero(from, to))
      expect(
        (Array.isArray(seen) ? (seen as string[]) : [String(seen)]).map((entry) => entry.slice(0, 3)),
        `${from} to ${to}`,
      ).toEqual(['a=1', 'b=b'])
      expect(owned).toEqual(seen)
    }
    const before = Math.ceil(log.indexOf(Buffer.alloc(3000, 'b')) / 512) * 512
    for (const result of await outcomes(zero(before, before + 512))) {
      expect(result).toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining('bytes that are no record'),
      })
    }
  })

  test('is refused with any byte changed, and left as it is', { timeout: 60_000 }, async () => {
    const whole = await crashedWith(...threeCommits)
    const log = readFileSync(join(whole, 'log-1'))
    for (let at = 0; at < log.length; at++) {
      const harmed = Buffer.from(log)
      harmed[at]! ^= 1 << (at % 8)
      const directory = crash(whole)
      writeFileSync(join(directory, 'log-1'), harmed)
      for (const result of await outcomes(directory)) {
        expect(result, `byte ${at}`).toMatchObject({
          code: 'STORE_FAILED',
          message: expect.stringContaining(`expected ${join(directory, 'log-1')} to be there and whole, got `),
        })
      }
      expect(readFileSync(join(directory, 'log-1'))).toEqual(harmed)
    }
    const directory = crash(whole)
    const second = 64
    writeFileSync(join(directory, 'log-1'), Buffer.from(log).fill('x', second + 20, second + 22))
    const [error] = await outcomes(directory)
    expect((error as Error).message).toContain(
      `no record from byte ${second} on; to go on without what comes from there on`,
    )
    truncateSync(join(directory, 'log-1'), second)
    expect(await outcomes(directory)).toEqual([statesOf[1], statesOf[1]])
  })

  test('is missed, whichever of its files is gone or cut off before another one', async () => {
    const make = async (): Promise<string> => {
      const directory = temporaryFolder()
      const log = createWal(directory, [], 0, { unsynced: false })
      for (let file = 0; file < 3; file++) {
        await log.begin()
        for (let record = 0; record < 2; record++)
          await log.append(recordOf([put('a', String(file))]), Promise.resolve())
      }
      await log.close()
      return directory
    }
    const check = (directory: string, applied = 0): number[] => {
      const files = readWalFiles(directory, {})
      checkWalFiles(files, { applied, logged: true }, directory, {})
      return files.map(({ first, last }) => last - first + 1)
    }
    expect(check(await make())).toEqual([2, 2, 2])
    for (const name of ['log-1', 'log-3', 'log-5']) {
      const directory = await make()
      const file = join(directory, name)
      const size = statSync(file).size
      const lengths = name === 'log-5' ? [31, 0] : [size - 1, size - 16, size - 17, size - 40, 32, 31, 0]
      for (const length of lengths) {
        truncateSync(file, length)
        expect(() => check(directory), `${name} of ${length} bytes`).toThrow(/log-\d to be there and whole, got /)
      }
      rmSync(file)
      expect(() => check(directory), name).toThrow(/log-\d to be there and whole, got /)
    }
    const directory = await make()
    rmSync(join(directory, 'log-1'))
    expect(check(directory, 2)).toEqual([2, 2])
    expect(() => check(directory, 7)).toThrow('got one that ends before commit 7')
    expect(() => check(temporaryFolder(), 7)).toThrow('log-8 to be there and whole, got none')
  })

  test('goes on after each failure to write to it, with nothing of what failed in it', async () => {
    const directory = temporaryFolder()
    const log = createWal(directory, [], 0, { unsynced: false })
    await log.begin()
    await log.append(recordOf([put('a', '1')]), Promise.resolve())
    const failure = log.append(recordOf([put('a', 'failed '.repeat(100))]), Promise.reject(new Error('gone')))
    await expect(failure).rejects.toThrow('gone')
    expect(readWalFiles(directory, {}).map(({ last, then }) => [last, then])).toEqual([[1, 'nothing']])
    await log.append(recordOf([put('b', '2')]), Promise.resolve())
    await log.close()
    const [file] = readWalFiles(directory, {})
    expect(file!.last).toBe(2)
    expect([...file!.memtable.places()].map(({ valueLength }) => valueLength)).toEqual([1, 1])
  })

  test('is at most twice its size and what is committed at once, and goes to the data file meanwhile', async () => {
    const directory = newDirectory()
    const logSize = 20_000
    const store = await opened(directory, { logSize })
    const size = (): number =>
      walFilesIn(directory).reduce((sum, name) => {
        try {
          return sum + statSync(join(directory, name)).size
        } catch {
          return sum // removed by now
        }
      }, 0)
    let largest = 0
    for (let number = 0; number < 300; number++) {
      await store.commit([put(`key ${number}`, Buffer.alloc(1000, 'x'))])
      largest = Math.max(largest, size())
    }
    expect(largest).toBeGreaterThan(5000)
    expect(largest).toBeLessThan(2 * (logSize + 1100) + 1000)
    const reader = await opened(crash(directory), { readOnly: true })
    expect([...reader.range(bytes(''))]).toHaveLength(300)
  })

  test('comes to a store that an older version wrote', async () => {
    const directory = newDirectory()
    const plain = openLmdb({ path: directory, noSubdir: false, keyEncoding: 'binary', encoding: 'binary' })
    await plain.put(bytes('a'), bytes('1'))
    await plain.close()
    writeFileSync(join(directory, 'wallarx-store.json'), '{"format":1}\n')
    const reader = await opened(directory, { readOnly: true })
    expect(entriesOf(reader)).toEqual(['a=1'])
    await reader.close()
    const store = await opened(directory)
    await store.commit([put('b', '2')])
    expect(entriesOf(store)).toEqual(['a=1', 'b=2'])
    expect(JSON.parse(readFileSync(join(directory, 'wallarx-store.json'), 'utf8'))).toEqual({ format: 2 })
  })
})

function recordOf(changes: readonly Change[]): Buffer {
  return walRecord(
    [changes],
    changes.reduce((sum, change) => sum + changeLength(change), 0),
  )
}
