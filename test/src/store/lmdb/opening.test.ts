import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { open as openLmdb } from 'lmdb'
import { describe, expect, test } from 'vitest'
import { checkDataFile } from '../../../../src/store/lmdb/check/dataFile.ts'
import { lmdbStore } from '../../../../src/store/lmdb/lmdbStore.ts'
import { temporaryFile } from '../../../support/files.ts'
import { bytes, contentOf, newDirectory, put, storeWith } from './stores.ts'

describe('a store with LMDB that cannot be opened', () => {
  test('because a newer version wrote it is left as it is', async () => {
    const directory = await storeWith([put('a', '1')])
    writeFileSync(join(directory, 'wallarx-store.json'), '{"format":3,"more":[]}')
    writeFileSync(join(directory, 'data.mdb'), 'what only the newer version understands')
    const before = contentOf(directory)
    for (const readOnly of [false, true]) {
      await expect(lmdbStore(directory, { readOnly }).open()).rejects.toMatchObject({
        code: 'STORE_FROM_NEWER_VERSION',
        kind: 'misuse',
        message:
          'expected a store in format 2 or older, got one in format 3, which a newer version of wallarx wrote ' +
          `(store: lmdb ${directory})`,
      })
    }
    expect(contentOf(directory)).toEqual(before)
  })

  test.each(['', 'no JSON', '{}', '{"format":"1"}', '{"format":0}'])(
    'because its format file is %j says so',
    async (content) => {
      const directory = await storeWith([put('a', '1')])
      writeFileSync(join(directory, 'wallarx-store.json'), content)
      await expect(lmdbStore(directory).open()).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining('wallarx-store.json to say a format, got '),
      })
    },
  )

  test('because its path is a file, leads through one, or to where nothing can be made, says so', async () => {
    const file = temporaryFile('content')
    const paths = [file, join(file, 'store'), ...(existsSync('/proc/self') ? ['/proc/store'] : [])]
    for (const path of paths) {
      await expect(lmdbStore(path).open()).rejects.toMatchObject({
        code: 'STORE_FAILED',
        kind: 'environment',
        message: expect.stringContaining(`expected to make the directory ${path}, got Error: E`),
        cause: expect.any(Error),
      })
    }
    expect(readFileSync(file, 'utf8')).toBe('content')
  })

  test('because the directory cannot be written to says so', async ({ skip }) => {
    skip(!existsSync('/proc/self'), 'needs a directory in which not even root can make a file')
    await expect(lmdbStore('/proc/self/task').open()).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('expected to write to the directory /proc/self/task, got Error: E'),
    })
  })

  test('because what is there is a database of someone else is left as it is', async () => {
    const directory = newDirectory()
    const other = openLmdb({ path: directory, noSubdir: false })
    await other.put('theirs', 1)
    await other.close()
    const before = contentOf(directory)
    await expect(lmdbStore(directory).open()).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('got a database of LMDB without wallarx-store.json'),
    })
    expect(contentOf(directory)).toEqual(before)
  })

  test('because its data file is gone or empty does not begin anew', async () => {
    const directory = await storeWith([put('a', '1')])
    const file = join(directory, 'data.mdb')
    for (const harm of [() => truncateSync(file), () => rmSync(file)]) {
      harm()
      for (const readOnly of [false, true]) {
        await expect(lmdbStore(directory, { readOnly }).open()).rejects.toMatchObject({
          code: 'STORE_FAILED',
          message: expect.stringContaining(`expected ${file} to be there, as wallarx-store.json is, got none`),
        })
      }
    }
  })

  test('because its data file is cut off or no data file says so, where LMDB would crash', async () => {
    const whole = await storeWith([
      ...Array.from({ length: 3000 }, (_, number) => put(`key ${number}`, Buffer.alloc(100))),
      put('large', Buffer.alloc(50_000)),
    ])
    const size = statSync(join(whole, 'data.mdb')).size
    const harms: [string, (file: string) => void][] = [
      ...[size - 1, size - 4096, size >> 1, 12_288, 8192, 8191, 4096, 4095, 100, 1].map(
        (length): [string, (file: string) => void] => [`${length} of ${size}`, (file) => truncateSync(file, length)],
      ),
      ['text', (file) => writeFileSync(file, Buffer.alloc(size, 'text'))],
      ['zeros', (file) => writeFileSync(file, Buffer.alloc(size))],
      [
        'a directory',
        (file) => {
          rmSync(file)
          mkdirSync(file)
        },
      ],
    ]
    for (const [name, harm] of harms) {
      const directory = newDirectory()
      cpSync(whole, directory, { recursive: true })
      harm(join(directory, 'data.mdb'))
      for (const readOnly of [false, true]) {
        const result = await lmdbStore(directory, { readOnly })
          .open()
          .catch((error: unknown) => error)
        expect(result, name).toMatchObject({
          code: 'STORE_FAILED',
          message: expect.stringContaining('data.mdb to be a whole data file, got '),
        })
      }
      const backup = join(whole, 'data.mdb')
      rmSync(join(directory, 'data.mdb'), { recursive: true })
      copyFileSync(backup, join(directory, 'data.mdb'))
      const store = await lmdbStore(directory).open()
      expect([...store.range(bytes('key'))], name).toHaveLength(3000)
      await store.close()
    }
  })

  test('is not one whose data file lacks only free pages at its end', { timeout: 60_000 }, async () => {
    const directory = newDirectory()
    const store = await lmdbStore(directory, { logSize: 1 }).open() // each commit goes to the data file by itself
    const keys = Array.from({ length: 500 }, (_, number) => `key ${number}`)
    await store.commit(keys.map((key) => put(key, 'first')))
    await store.commit([put('large', Buffer.alloc(400_000))])
    await store.commit([{ key: bytes('large'), value: undefined }])
    for (let round = 0; round < 5; round++) await store.commit(keys.map((key) => put(key, `round ${round}`)))
    await store.close()

    const file = join(directory, 'data.mdb')
    const whole = readFileSync(file)
    let opened = 0
    let rejected = 0
    for (let length = whole.length - 4096; length > 8192 && rejected < 20; length -= 4096) {
      writeFileSync(file, whole.subarray(0, length))
      const result = await lmdbStore(directory)
        .open()
        .catch((error: unknown) => error as Error)
      if (result instanceof Error) {
        expect(result).toMatchObject({ code: 'STORE_FAILED' })
        rejected++
        continue
      }
      expect(rejected, 'a longer file was rejected').toBe(0)
      opened++
      await result.commit([put('large', Buffer.alloc(600_000)), put('one more', '')])
      await result.close()
      const again = await lmdbStore(directory).open()
      expect([...again.range(bytes('key'))].map(({ value }) => String(value))).toEqual(keys.map(() => 'round 4'))
      expect(again.get(bytes('large'))).toHaveLength(600_000)
      await again.close()
    }
    expect(opened).toBeGreaterThan(5)
    expect(rejected).toBeGreaterThan(5)
  })
})

describe('a store with LMDB whose data file is cut off, wherever that is', () => {
  const value = fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 200 }) },
    { weight: 2, arbitrary: fc.nat({ max: 3000 }) },
    { weight: 1, arbitrary: fc.nat({ max: 60_000 }) },
  )
  /** Keys by number, each with the length of its value, or removed. */
  const commits = fc.array(
    fc.array(fc.tuple(fc.nat({ max: 400 }), fc.option(value, { freq: 4 })), { minLength: 1, maxLength: 150 }),
    { minLength: 1, maxLength: 8 },
  )

  test('is refused unless it has all that was committed', { timeout: 60_000 }, async () => {
    let refused = 0
    let whole = 0
    await fc.assert(
      fc.asyncProperty(commits, fc.infiniteStream(fc.integer({ min: 1, max: 4095 })), async (all, between) => {
        const directory = newDirectory()
        const store = await lmdbStore(directory).open()
        const model = new Map<string, Buffer>()
        for (const [round, changes] of all.entries()) {
          await store.commit(
            changes.map(([number, length]) => {
              const key = `key ${number}`
              if (length === null) model.delete(key)
              else model.set(key, Buffer.alloc(length, `${round} ${number} `))
              return { key: bytes(key), value: model.get(key) }
            }),
          )
        }
        await store.close()
        const file = join(directory, 'data.mdb')
        const content = readFileSync(file)
        const lengths: number[] = []
        for (let at = content.length; at > 0; at -= 4096) lengths.push(at, at - between.next().value)
        for (const length of lengths) {
          writeFileSync(file, content.subarray(0, length))
          const result = await checkDataFile(file, {}).catch((error: unknown) => error)
          if (result instanceof Error) {
            expect(result).toMatchObject({ code: 'STORE_FAILED' })
            expect(length).toBeLessThan(content.length)
            refused++
            continue
          }
          // LMDB would end this process by a signal where a page is missing.
          const again = await lmdbStore(directory).open()
          const found = new Map(
            [...again.range(bytes(''))].map((entry) => [String(entry.key), Buffer.from(entry.value)]),
          )
          expect(found).toEqual(new Map([...model].sort(([a], [b]) => (a < b ? -1 : 1))))
          await again.commit([...found.keys()].map((key) => ({ key: bytes(key), value: undefined })))
          expect([...again.range(bytes(''))]).toEqual([])
          await again.close()
          whole++
        }
      }),
      { numRuns: 12 },
    )
    expect(refused).toBeGreaterThan(100)
    expect(whole).toBeGreaterThanOrEqual(12)
  })
})
