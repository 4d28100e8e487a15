import { execFileSync } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { open as openLmdb } from 'lmdb'
import { describe, expect, test } from 'vitest'
import { packState, stateKey, unpackState } from '../../../../src/store/lmdb/contentState.ts'
import { checkDataFile } from '../../../../src/store/lmdb/check/dataFile.ts'
import { lmdbStore } from '../../../../src/store/lmdb/lmdbStore.ts'
import { bytes, newDirectory, opened, put } from './stores.ts'

/** A closed store with pages of all kinds, free ones too. */
async function variousStore(): Promise<string> {
  const directory = newDirectory()
  for (let time = 0; time < 3; time++) {
    const store = await lmdbStore(directory, { logSize: 10_000 }).open()
    for (let number = 0; number < 30; number++) {
      await store.commit([
        ...Array.from({ length: 20 }, (_, index) =>
          put(`key ${(number * 37 + index * time) % 500}`, `value ${number}`),
        ),
        put(`large ${number % 7}`, Buffer.alloc(3000 + 500 * number, 'large')),
        { key: bytes(`key ${number * 11}`), value: undefined },
      ])
    }
    await store.close()
  }
  return directory
}

/** The database without what is in front of it. */
const openPlain = (directory: string) =>
  openLmdb<Buffer, Buffer>({
    ...{ path: directory, noSubdir: false, overlappingSync: false },
    ...{ keyEncoding: 'binary', encoding: 'binary' },
  })

function flip(path: string, content: Buffer, at: number, bit: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.from([content[at]! ^ (1 << bit)]), 0, 1, at)
  closeSync(file)
}

const opens = async (directory: string, readOnly: boolean): Promise<unknown> =>
  lmdbStore(directory, { readOnly })
    .open()
    .then(
      (store) => store.close(),
      (error: unknown) => error,
    )

describe('the data file of a store with LMDB', () => {
  test('is refused after any bit was flipped, or has the same content', { timeout: 60_000 }, async () => {
    const path = join(await variousStore(), 'data.mdb')
    const content = readFileSync(path)
    const whole = await checkDataFile(path, {})
    let refused = 0
    const place = fc.oneof(
      fc.nat({ max: content.length - 1 }),
      fc.nat({ max: content.length / 4096 - 1 }).chain((page) => fc.nat({ max: 200 }).map((at) => page * 4096 + at)),
    )
    await fc.assert(
      fc.asyncProperty(place, fc.nat({ max: 7 }), async (at, bit) => {
        flip(path, content, at, bit)
        const found = await checkDataFile(path, {}).catch((error: unknown) => error)
        writeFileSync(path, content)
        if (found instanceof Error) {
          expect(found).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('a whole data file') })
          refused++
        } else expect(found).toEqual(whole)
      }),
      { numRuns: 2000 },
    )
    expect(refused).toBeGreaterThan(200)
  })

  test('is refused where a page is said to be beyond its end, on which LMDB ends the process', async () => {
    const directory = await variousStore()
    const path = join(directory, 'data.mdb')
    const content = readFileSync(path)
    let branches = 0
    for (let page = 8192; page < content.length; page += 4096) {
      const isBranch = content.readUInt32LE(page) === page / 4096 && content.readUInt16LE(page + 18) === 1
      if (!isBranch) continue
      branches++
      flip(path, content, page + 24 + content.readUInt16LE(page + 24) + 3, 6)
      for (const readOnly of [true, false]) {
        const result = await opens(directory, readOnly)
        if (result !== undefined) expect(result).toMatchObject({ code: 'STORE_FAILED' })
        else branches-- // an old branch, free by now
        if (result === undefined) break
      }
      writeFileSync(path, content)
    }
    expect(branches).toBeGreaterThan(0)
  })

  test('is refused where a value is another one, and what is wrong is said', async () => {
    const directory = newDirectory()
    const store = await lmdbStore(directory).open()
    await store.commit([put('a', 'value of a'), put('b', 'value of b')])
    await store.close()
    const path = join(directory, 'data.mdb')
    const content = readFileSync(path)
    let at = 0
    while ((at = content.indexOf('value of a', at + 1)) > 0) flip(path, content, at, 0)
    for (const readOnly of [true, false]) {
      expect(await opens(directory, readOnly)).toMatchObject({
        code: 'STORE_FAILED',
        message:
          `expected ${path} to be a whole data file, got one whose 2 entries are not those that were written ` +
          `(store: lmdb ${directory})`,
      })
    }
  })

  test('need not have the digest of its entries, as older versions write none, and gets it', async () => {
    for (const format of [1, 2]) {
      const directory = newDirectory()
      const plain = openPlain(directory)
      await plain.put(bytes('a'), bytes('1'))
      if (format === 2) await plain.put(stateKey, packState({ applied: 7, logged: false, digest: undefined }))
      await plain.close()
      writeFileSync(join(directory, 'wallarx-store.json'), JSON.stringify({ format }))
      const store = await lmdbStore(directory).open()
      expect(String(store.get(bytes('a')))).toBe('1')
      await store.close()
      const { digest } = (await checkDataFile(join(directory, 'data.mdb'), {}))!
      const again = openPlain(directory)
      expect(unpackState(again.get(stateKey))).toEqual({ applied: format === 1 ? 0 : 7, logged: false, digest })
      await again.close()
    }
  })

  test('has the digest of what it has whatever is committed, also where a flush had been cut short', async () => {
    const change = fc.tuple(fc.nat({ max: 30 }), fc.option(fc.nat({ max: 5000 }), { freq: 3 }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { minLength: 1, maxLength: 10 }), { minLength: 1, maxLength: 10 }),
        fc.constantFrom(1, 3000, 1e6),
        async (commits, logSize) => {
          const directory = newDirectory()
          const store = await lmdbStore(directory, { logSize, sync: 'process' }).open()
          const model = new Map<string, number>()
          for (const changes of commits) {
            for (const [key, length] of changes) {
              if (length === null) model.delete(`key ${key}`)
              else model.set(`key ${key}`, length)
            }
            await store.commit(
              changes.map(([key, length]) => ({
                key: bytes(`key ${key}`),
                value: length === null ? undefined : Buffer.alloc(length, 'x'),
              })),
            )
          }
          await store.close()
          const again = await lmdbStore(directory, { readOnly: true }).open()
          expect(new Map([...again.range(bytes(''))].map(({ key, value }) => [String(key), value.length]))).toEqual(
            new Map([...model].sort(([a], [b]) => (a < b ? -1 : 1))),
          )
          await again.close()
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('the directory of a store with LMDB', () => {
  const kinds: [string, (path: string) => void][] = [
    ['a directory', (path) => mkdirSync(path)],
    ['a named pipe', (path) => execFileSync('mkfifo', [path])],
    ['a link that leads nowhere', (path) => symlinkSync('/nowhere/at/all', path)],
  ]
  const names = ['data.mdb', 'lock.mdb', 'wallarx-store.json', 'wallarx-store.json.new', 'log-1', 'owner-9']
  test.each(kinds.flatMap(([kind, make]) => names.map((name) => [kind, name, make] as const)))(
    'that has %s as %s is refused',
    async (_kind, name, make) => {
      const directory = newDirectory()
      const store = await lmdbStore(directory).open()
      await store.commit([put('a', '1')])
      await store.close()
      rmSync(join(directory, name), { force: true })
      make(join(directory, name))
      for (const readOnly of [true, false]) {
        expect(await opens(directory, readOnly)).toMatchObject({
          code: 'STORE_FAILED',
          message: expect.stringContaining(join(directory, name)),
        })
      }
    },
  )

  test('may have anything as lock.mdb when nobody has it open', async () => {
    const directory = newDirectory()
    const store = await lmdbStore(directory).open()
    await store.commit([put('a', '1')])
    await store.close()
    for (const content of ['', 'garbage', Buffer.alloc(8272, 0xff), Buffer.alloc(100_000, 'garbage')]) {
      writeFileSync(join(directory, 'lock.mdb'), content)
      const reader = await lmdbStore(directory, { readOnly: true }).open()
      expect(String(reader.get(bytes('a')))).toBe('1')
      await reader.close()
      writeFileSync(join(directory, 'lock.mdb'), content)
      const again = await lmdbStore(directory).open()
      await again.commit([put('b', '1')])
      await again.close()
    }
  })

  test('with a file of an owner whose number nobody writes is refused, and with such a log is not', async () => {
    const directory = newDirectory()
    await (await lmdbStore(directory).open()).close()
    writeFileSync(join(directory, 'log-99999999999999999999'), 'garbage')
    expect(await opens(directory, false)).toBeUndefined()
    writeFileSync(join(directory, 'owner-99999999999999999999'), '{}')
    expect(await opens(directory, false)).toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('owner-100000000000000000000 is there, which nobody writes'),
    })
  })

  test('with a log that has a record behind zeros is refused', async () => {
    const directory = newDirectory()
    const store = await opened(directory)
    const ends: number[] = []
    for (let number = 0; number < 20; number++) {
      await store.commit([put(`key ${number}`, Buffer.alloc(700, 'x'))])
      ends.push(readFileSync(join(directory, 'log-1')).length)
    }
    const copy = newDirectory()
    cpSync(directory, copy, { recursive: true, filter: (path) => !/owner-\d+$|lock\.mdb$/.test(path) })
    const log = join(copy, 'log-1')
    const content = readFileSync(log)
    const from = ends.find((end) => end % 512 === 0) ?? ends[3]!
    content.fill(0, from, Math.ceil((from + 1) / 512) * 512)
    writeFileSync(log, content)
    for (const readOnly of [true, false]) {
      expect(await opens(copy, readOnly)).toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining(`bytes that are no record from byte ${from} on`),
      })
    }
    copyFileSync(join(directory, 'log-1'), log)
    expect(await opens(copy, false)).toBeUndefined()
    expect(readdirSync(copy).filter((name) => name.startsWith('log-'))).toEqual([])
  })
})
