import { execFile } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { open as openLmdb } from 'lmdb'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { WallarxError } from '../../../src/errors.ts'
import type { Change, OpenStore } from '../../../src/store.ts'
import { lmdbStore } from '../../../src/store/lmdb.ts'
import { checkDataFile } from '../../../src/store/lmdbFile.ts'
import { temporaryFile, temporaryFolder } from '../../support/files.ts'
import { startProgram, startProgramOf, type Program } from '../../support/processes.ts'
import { storeSuite } from './storeSuite.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const put = (key: string, value: string | Buffer): Change => ({ key: bytes(key), value: Buffer.from(value) })

/** A path, in a folder of its own, at which nothing is yet. */
const newDirectory = (): string => join(temporaryFolder(), 'a store')

async function opened(directory: string, options?: { readOnly?: boolean }): Promise<OpenStore> {
  const store = await lmdbStore(directory, options).open()
  onTestFinished(() => store.close())
  return store
}

/** A closed store with these changes in a directory of its own. */
async function storeWith(changes: readonly Change[]): Promise<string> {
  const directory = newDirectory()
  const store = await lmdbStore(directory).open()
  await store.commit(changes)
  await store.close()
  return directory
}

/** Whether system calls can be watched and made to fail. */
const traceable = (): Promise<boolean> =>
  new Promise((resolve) => {
    execFile('strace', ['-f', '-o', '/dev/null', 'true'], (error) => resolve(error === null))
  })

const ownerFiles = (directory: string): string[] => readdirSync(directory).filter((name) => name.startsWith('owner-'))

/** A process that has opened the store, and has committed `by` as its number. */
async function startOwner(directory: string, after = ''): Promise<Program> {
  const owner = startProgram(`
    import { lmdbStore } from 'wallarx'
    const store = await lmdbStore(${JSON.stringify(directory)}).open()
    await store.commit([{ key: Buffer.from('by'), value: Buffer.from(String(process.pid)) }])
    console.log('open')
    setInterval(() => undefined, 1000)
    ${after}
  `)
  await owner.until(() => owner.stdout().includes('open'))
  return owner
}

async function kill(program: Program): Promise<void> {
  program.process.kill('SIGKILL')
  await program.ended
}

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

describe('the owner of a store with LMDB', () => {
  test('is named to whoever else opens it', async () => {
    const directory = newDirectory()
    const owner = await startOwner(directory)
    await expect(lmdbStore(directory).open()).rejects.toMatchObject({
      code: 'STORE_IN_USE',
      message: expect.stringMatching(
        `^expected a store that nobody has open, got one that process ${String(owner.process.pid)} on host ${hostname()}, since \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z, has open \\(store: lmdb ${directory}\\)$`,
      ),
    })
    await kill(owner)
    const store = await opened(directory)
    expect(store.get(bytes('by'))).toEqual(bytes(String(owner.process.pid)))
    await store.commit([put('by', 'the next one')])
  })

  test('is nobody after the store was closed, while its process goes on', async () => {
    const directory = newDirectory()
    const owner = await startOwner(directory, `await store.close(); console.log('closed')`)
    await owner.until(() => owner.stdout().includes('closed'))
    await opened(directory)
    expect(owner.hasEnded()).toBe(false)
  })

  test('is not another process that got the number of one that was killed', async ({ skip }) => {
    skip(!existsSync('/proc/self/stat'), 'without /proc it cannot be told')
    const directory = await storeWith([])
    const [file] = ownerFiles(directory)
    const dead = { process: process.pid, host: hostname(), started: 'another boot 123', since: 'yesterday' }
    writeFileSync(join(directory, file!), JSON.stringify(dead))
    await opened(directory)
  })

  test('may be on another host: then its file has to go by hand', async () => {
    const directory = await storeWith([])
    const file = join(directory, ownerFiles(directory)[0]!)
    writeFileSync(file, JSON.stringify({ process: 1, host: 'elsewhere', since: 'yesterday' }))
    await expect(lmdbStore(directory).open()).rejects.toMatchObject({
      code: 'STORE_IN_USE',
      message: expect.stringContaining(
        `process 1 on another host, elsewhere, since yesterday (if it is gone for good, remove ${file}) has open`,
      ),
    })
    rmSync(file)
    await opened(directory)
  })

  test.each(['', '{"process":12', 'null', '{"process":"a"}'])(
    'is nobody when a crash left %j as its file',
    async (content) => {
      const directory = await storeWith([])
      writeFileSync(join(directory, 'owner-7'), content)
      await opened(directory)
      expect(ownerFiles(directory)).toEqual(['owner-8'])
    },
  )

  test('is one of many that come at once to a store that was left behind', async () => {
    const directory = newDirectory()
    await kill(await startOwner(directory))
    for (let round = 0; round < 20; round++) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lmdbStore(directory).open()))
      const stores = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      const codes = results.flatMap((result) =>
        result.status === 'rejected' ? [(result.reason as WallarxError).code] : [],
      )
      expect(stores).toHaveLength(1)
      expect(codes).toEqual(Array(7).fill('STORE_IN_USE'))
      await stores[0]!.close()
      expect(ownerFiles(directory)).toHaveLength(1)
    }
  })

  test('is one process at a time, of several that come and are killed', { timeout: 60_000 }, async () => {
    const directory = newDirectory()
    const held = join(temporaryFolder(), 'held')
    const text = `
      import { rmSync, writeFileSync } from 'node:fs'
      import { lmdbStore } from 'wallarx'
      const directory = ${JSON.stringify(directory)}
      for (let turn = 0; turn < 30; ) {
        try {
          const store = await lmdbStore(directory).open()
          writeFileSync(${JSON.stringify(held)}, '', { flag: 'wx' }) // fails where another one holds it
          await store.commit([{ key: Buffer.from('turns of ' + process.pid), value: Buffer.from(String(++turn)) }])
          rmSync(${JSON.stringify(held)})
          if (turn === 30) process.kill(process.pid, 'SIGKILL')
          await store.close()
        } catch (error) {
          if (error.code !== 'STORE_IN_USE') throw error
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
        }
      }
    `
    const programs = Array.from({ length: 3 }, () => startProgram(text))
    for (const program of programs) {
      expect([await program.ended, program.stderr()]).toEqual(['SIGKILL', ''])
    }
    const store = await opened(directory)
    expect([...store.range(bytes('turns of '))].map(({ value }) => String(value))).toEqual(['30', '30', '30'])
  })
})

describe('a crash of the owner of a store with LMDB', () => {
  const syncs = ['machine', 'process'] as const
  test.each(syncs)(
    'leaves every commit that had resolved, and no part of one: %s',
    { timeout: 60_000 },
    async (sync) => {
      const directory = newDirectory()
      const slots = Array.from({ length: 40 }, (_, slot) => `slot ${slot}`)
      let expected = 0
      for (let round = 0; round < 10; round++) {
        const program = startProgram(`
        import { writeSync } from 'node:fs'
        import { lmdbStore } from 'wallarx'
        const store = await lmdbStore(${JSON.stringify(directory)}, { sync: '${sync}' }).open()
        const slots = ${JSON.stringify(slots)}
        const commit = (number) => store.commit([
          ...slots.map((slot) => ({ key: Buffer.from(slot), value: Buffer.alloc(500, ' ').fill(String(number), 0, String(number).length) })),
          { key: Buffer.from('batch ' + number), value: Buffer.from('') },
          { key: Buffer.from('batch ' + (number - 100)), value: undefined },
        ])
        for (let number = ${expected + 1}; ; number += 2) {
          const first = commit(number).then(() => writeSync(1, number + '\\n'))
          await Promise.all([first, commit(number + 1).then(() => writeSync(1, (number + 1) + '\\n'))])
        }
      `)
        await program.until(() => program.stdout().includes('\n'))
        await delay(Math.random() * 60)
        await kill(program)
        const acknowledged = Number(program.stdout().trimEnd().split('\n').at(-1))

        const store = await lmdbStore(directory).open()
        const values = new Set(slots.map((slot) => Number(store.get(bytes(slot))!.toString())))
        expect(values.size, 'different batches in one').toBe(1)
        const [last] = values
        expect(last).toBeGreaterThanOrEqual(acknowledged)
        expect(last).toBeLessThanOrEqual(acknowledged + 2)
        const batches = [...store.range(bytes('batch '))].map(({ key }) => Number(String(key).slice(6)))
        expect(batches.sort((a, b) => a - b)).toEqual(
          Array.from({ length: Math.min(100, last!) }, (_, at) => Math.max(0, last! - 100) + at + 1),
        )
        await store.close()
        expected = last!
      }
    },
  )
})

test('a store with LMDB waits for the disk at each commit, and with sync process at none (needs strace)', async ({
  skip,
}) => {
  skip(!(await traceable()), 'strace is not there or not allowed')
  const commits = 20
  /** Calls that wait for the disk, while the store is open. */
  const waits = async (sync: string): Promise<number> => {
    const trace = join(temporaryFolder(), 'trace')
    const program = startProgramOf(
      ...['strace', '-f', '-y', '-e', 'trace=fsync,fdatasync,msync,write', '-o', trace, process.execPath],
      ...['--input-type=module', '--eval'],
      `
        import { writeSync } from 'node:fs'
        import { lmdbStore } from 'wallarx'
        const store = await lmdbStore(${JSON.stringify(newDirectory())}, { sync: '${sync}' }).open()
        writeSync(1, 'open')
        for (let n = 0; n < ${commits}; n++) await store.commit([{ key: Buffer.from('key'), value: Buffer.from(String(n)) }])
        writeSync(1, 'done')
        await store.close()
      `,
    )
    expect(await program.ended, program.stderr()).toBe(0)
    const calls = readFileSync(trace, 'utf8')
    const [, during] = /"open"([^]*)"done"/.exec(calls)!
    return during!.match(/(fsync|fdatasync|msync)\(.*(data\.mdb|log-\d)/g)?.length ?? 0
  }
  expect(await waits('machine')).toBeGreaterThanOrEqual(commits)
  expect(await waits('process')).toBe(0)
})

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
        message: `expected a store in format 2 or older, got one in format 3, which a newer version of wallarx wrote (store: lmdb ${directory})`,
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
          if (typeof result !== 'number') {
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

describe('a store with LMDB whose disk fails', () => {
  test('rejects the commit and those that rest on it, and goes on when there is room again', async ({ skip }) => {
    skip(process.platform === 'win32', 'needs a limit to the size of files')
    const directory = newDirectory()
    const text = `
      import { lmdbStore } from 'wallarx'
      const store = await lmdbStore(${JSON.stringify(directory)}).open()
      const put = (key, value) => ({ key: Buffer.from(key), value: Buffer.from(value) })
      const has = (...keys) => keys.filter((key) => store.get(Buffer.from(key)) !== undefined).join(' ')
      const outcome = (commit) => commit.then(() => 'done', ({ code, message, cause }) => [code, message.split(' (')[0], cause.message])
      await store.commit([put('before', '1')])
      const tooMuch = store.commit([put('a', '1'), ...Array.from({ length: 40 }, (_, n) => put('large ' + n, Buffer.alloc(1e6)))])
      const restsOnIt = store.commit([put('b', '1')])
      const begun = has('before', 'a', 'large 0', 'b')
      const outcomes = [await outcome(tooMuch), await outcome(restsOnIt)]
      const after = has('before', 'a', 'large 0', 'b')
      const ranged = [...store.range(Buffer.from(''))].map(({ key }) => String(key)).join(' ')
      outcomes.push(await outcome(store.commit([put('c', '1')])), await outcome(store.commit([put('d', Buffer.alloc(4e7))])))
      outcomes.push(await outcome(store.commit([put('e', '1')])))
      await store.close()
      console.log(JSON.stringify({ begun, outcomes, after, ranged }))
    `
    const limited = ['-c', 'ulimit -f 20000 && exec "$0" "$@"', process.execPath, '--input-type=module', '--eval', text]
    const output = await new Promise<string>((resolve, reject) => {
      execFile('sh', limited, { cwd: join(import.meta.dirname, '../../..') }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(stderr))
      })
    })
    const { begun, outcomes, after, ranged } = JSON.parse(output)
    expect(begun).toBe('before a large 0 b')
    expect(outcomes).toEqual([
      [
        'STORE_FAILED',
        'expected to commit 41 changes, got Error: EFBIG: file too large, write',
        'EFBIG: file too large, write',
      ],
      [
        'STORE_FAILED',
        'expected to commit 1 change, got Error: EFBIG: file too large, write',
        'EFBIG: file too large, write',
      ],
      'done',
      [
        'STORE_FAILED',
        'expected to commit 1 change, got Error: EFBIG: file too large, write',
        'EFBIG: file too large, write',
      ],
      'done',
    ])
    expect(after).toBe('before')
    expect(ranged).toBe('before')
    const store = await opened(directory)
    expect([...store.range(bytes(''))].map(({ key }) => String(key))).toEqual(['before', 'c', 'e'])
  })

  test.for([
    // The log is what makes a commit durable; with a log of one byte each one goes on to the data file.
    ['log-2', 'pwrite64', 4_000_000, 'EIO: i/o error, write'],
    ['log-2', 'fdatasync', 4_000_000, 'EIO: i/o error, fdatasync'],
    ['data.mdb', 'pwrite64', 1, 'Input/output error'],
    ['data.mdb', 'fdatasync', 1, 'Input/output error'],
  ] as const)(
    'rejects a commit where the disk answers for %s to %s with an error, and has all before it when it is opened again',
    async ([file, call, logSize, reason], { skip }) => {
      skip(!(await traceable()), 'strace is not there or not allowed')
      const directory = await storeWith([put('n', '0'), put('filler', Buffer.alloc(100_000))])
      const program = startProgramOf(
        ...['strace', '-f', '-o', '/dev/null', '-P', join(directory, file)],
        ...['-e', `trace=${call}`, '-e', `inject=${call}:error=EIO:when=4`, process.execPath],
        ...['--input-type=module', '--eval'],
        `
          import { lmdbStore } from 'wallarx'
          const store = await lmdbStore(${JSON.stringify(directory)}, { logSize: ${logSize} }).open()
          const commit = (n) => store.commit([
            { key: Buffer.from('n'), value: Buffer.from(String(n)) },
            { key: Buffer.from('of ' + n), value: Buffer.alloc(20_000) },
          ])
          let last = 0
          try {
            while (last < 100) { await commit(last + 1); last++ }
          } catch ({ code, message }) {
            console.log(JSON.stringify({ last, code, message, seen: String(store.get(Buffer.from('n'))) }))
          }
          await store.close().catch(() => undefined)
        `,
      )
      expect(await program.ended, program.stderr()).toBe(0)
      const { last, code, message, seen } = JSON.parse(program.stdout())
      expect({ code, seen }).toEqual({ code: 'STORE_FAILED', seen: String(last) })
      expect(message).toContain(reason)
      const store = await opened(directory)
      expect(String(store.get(bytes('n')))).toBe(String(last))
      expect([...store.range(bytes('of '))]).toHaveLength(last)
    },
  )

  test('rejects what was begun before a failure was known, even if it could be written, and nothing after that', async () => {
    const directory = await storeWith([put('a', 'before')])
    const store = await opened(directory)
    renameSync(directory, `${directory} elsewhere`)
    const first = store.commit([put('a', '1')]).catch((error: unknown) => {
      renameSync(`${directory} elsewhere`, directory)
      return error
    })
    const second = store.commit([put('a', '2'), put('b', '2')])
    expect(store.get(bytes('a'))).toEqual(bytes('2'))
    const { cause } = (await first) as Error
    await expect(second).rejects.toMatchObject({ code: 'STORE_FAILED', cause })
    expect([...store.range(bytes(''))].map(({ value }) => String(value))).toEqual(['before'])
    await store.commit([put('c', '3')])
    expect([...store.range(bytes(''))].map(({ value }) => String(value))).toEqual(['before', '3'])
  })

  test('rejects commits when its directory was removed, or another file is in its place', async () => {
    const harms: ((directory: string) => void)[] = [
      (directory) => rmSync(directory, { recursive: true }),
      (directory) => renameSync(directory, `${directory} elsewhere`),
      (directory) => {
        const file = join(directory, 'data.mdb')
        copyFileSync(file, `${file}.copy`)
        renameSync(`${file}.copy`, file)
      },
    ]
    for (const harm of harms) {
      const directory = await storeWith([put('a', '1')])
      const store = await lmdbStore(directory).open()
      harm(directory)
      await expect(store.commit([put('a', '2')])).rejects.toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining('data.mdb'),
      })
      expect(store.get(bytes('a'))).toEqual(bytes('1'))
      await expect(store.commit([put('a', '2')])).rejects.toMatchObject({ code: 'STORE_FAILED' })
      await store.close()
    }
  })
})

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

const contentOf = (directory: string): [string, string][] =>
  readdirSync(directory)
    .sort()
    .map((name) => [name, readFileSync(join(directory, name), 'latin1')])
