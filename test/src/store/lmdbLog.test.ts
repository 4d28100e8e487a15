import { execFile } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { open as openLmdb } from 'lmdb'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Change, OpenStore } from '../../../src/store.ts'
import { lmdbStore, type LmdbStoreOptions } from '../../../src/store/lmdb.ts'
import { createLog } from '../../../src/store/lmdbLog.ts'
import { checkLogFiles, readLogFiles } from '../../../src/store/lmdbLogFiles.ts'
import { changeLength, logRecord } from '../../../src/store/lmdbLogFormat.ts'
import { temporaryFolder } from '../../support/files.ts'
import { startProgram } from '../../support/processes.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const put = (key: string, value: string | Buffer): Change => ({ key: bytes(key), value: Buffer.from(value) })

const newDirectory = (): string => join(temporaryFolder(), 'store')
const logFilesIn = (directory: string): string[] => readdirSync(directory).filter((name) => name.startsWith('log-'))
const entriesOf = (store: OpenStore): string[] =>
  [...store.range(bytes(''))].map(({ key, value }) => `${String(key)}=${String(value)}`)

async function opened(directory: string, options?: LmdbStoreOptions): Promise<OpenStore> {
  const store = await lmdbStore(directory, options).open()
  onTestFinished(() => store.close().catch(() => undefined))
  return store
}

/**
 * What a crash of the process at this instant leaves, in a directory of its own. Nothing of this process runs meanwhile, and so
 * LMDB commits one transaction at most, which leaves the pages of the one before as they are.
 */
function crash(directory: string): string {
  const copy = newDirectory()
  mkdirSync(copy)
  for (const name of readdirSync(directory)) {
    if (name.startsWith('owner-') || name === 'lock.mdb') continue
    try {
      copyFileSync(join(directory, name), join(copy, name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error // it was just removed
    }
  }
  return copy
}

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
    expect(logFilesIn(directory)).toEqual([])
    for (const changes of threeCommits) await store.commit(changes)
    expect(logFilesIn(directory)).toEqual(['log-1'])
    await store.close()
    expect(logFilesIn(directory)).toEqual([])
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
      expect(logFilesIn(directory).length).toBeGreaterThan(0)
    }
    const [seen, owned] = await outcomes(directory)
    expect(seen).toHaveLength(10)
    expect(owned).toEqual(seen)
    expect(logFilesIn(directory)).toEqual([])
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
      const log = createLog(directory, [], 0, { unsynced: false })
      for (let file = 0; file < 3; file++) {
        await log.begin()
        for (let record = 0; record < 2; record++)
          await log.append(recordOf([put('a', String(file))]), Promise.resolve())
      }
      await log.close()
      return directory
    }
    const check = (directory: string, applied = 0): number[] => {
      const files = readLogFiles(directory, {})
      checkLogFiles(files, { applied, logged: true }, directory, {})
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
    const log = createLog(directory, [], 0, { unsynced: false })
    await log.begin()
    await log.append(recordOf([put('a', '1')]), Promise.resolve())
    const failure = log.append(recordOf([put('a', 'failed '.repeat(100))]), Promise.reject(new Error('gone')))
    await expect(failure).rejects.toThrow('gone')
    expect(readLogFiles(directory, {}).map(({ last, then }) => [last, then])).toEqual([[1, 'nothing']])
    await log.append(recordOf([put('b', '2')]), Promise.resolve())
    await log.close()
    const [file] = readLogFiles(directory, {})
    expect(file!.last).toBe(2)
    expect([...file!.layer.places()].map(({ valueLength }) => valueLength)).toEqual([1, 1])
  })

  test('is there no more than twice its size and what is committed at once, and goes to the data file meanwhile', async () => {
    const directory = newDirectory()
    const logSize = 20_000
    const store = await opened(directory, { logSize })
    const size = (): number =>
      logFilesIn(directory).reduce((sum, name) => {
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

describe('a store with LMDB', () => {
  test(
    'has after any crashes what a Map has after some number of the commits, all that resolved among them',
    { timeout: 120_000 },
    async () => {
      const someChange = fc.tuple(
        fc.integer({ min: 0, max: 20 }),
        fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
      )
      const someStep = fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({
            changes: fc.array(someChange, { maxLength: 8 }),
            then: fc.constantFrom('go on', 'wait', 'read', 'let turns pass', 'let time pass'),
          }),
        },
        { weight: 1, arbitrary: fc.constant('crash' as const) },
        { weight: 1, arbitrary: fc.constant('crash and look' as const) },
        { weight: 1, arbitrary: fc.constant('close' as const) },
      )
      await fc.assert(
        fc.asyncProperty(
          fc.array(someStep, { maxLength: 40, size: 'max' }),
          fc.constantFrom(1, 600, 3000, 100_000),
          async (steps, logSize) => {
            let directory = newDirectory()
            const abandoned: OpenStore[] = []
            let store = await lmdbStore(directory, { logSize }).open()
            /** What there is after each commit that may be the last one there. */
            let states = [new Map<string, string>()]
            let resolved = 0 // index of the last of them whose commit has resolved
            let begun: Promise<void>[] = []
            const check = (opened: OpenStore): void => {
              const found = JSON.stringify(
                [...opened.range(bytes(''))].map(({ key, value }) => [String(key), String(value)]),
              )
              const may = states
                .slice(resolved)
                .map((state) => JSON.stringify([...state].sort(([a], [b]) => (a < b ? -1 : 1))))
              expect(may).toContain(found)
              states = [states[resolved + may.lastIndexOf(found)]!]
              resolved = 0
            }
            try {
              for (const step of steps) {
                if (step === 'close') {
                  await store.close()
                  await Promise.all(begun)
                  begun = []
                  expect(logFilesIn(directory)).toEqual([])
                  store = await lmdbStore(directory, { logSize }).open()
                  check(store)
                } else if (typeof step === 'string') {
                  const left = crash(directory)
                  const before = { states, resolved }
                  await Promise.all(begun)
                  begun = []
                  ;({ states, resolved } = before)
                  abandoned.push(store)
                  directory = left
                  if (step === 'crash and look') {
                    const reader = await lmdbStore(directory, { readOnly: true }).open()
                    check(reader)
                    await reader.close()
                  }
                  store = await lmdbStore(directory, { logSize }).open()
                  check(store)
                } else {
                  const state = new Map(states.at(-1))
                  const own = states
                  for (const [key, value] of step.changes) {
                    if (value === undefined) state.delete(`key ${key}`)
                    else state.set(`key ${key}`, 'v'.repeat(value))
                  }
                  states.push(state)
                  const number = states.length - 1
                  const commit = store
                    .commit(
                      step.changes.map(([key, value]) => ({
                        key: bytes(`key ${key}`),
                        value: value === undefined ? undefined : bytes('v'.repeat(value)),
                      })),
                    )
                    .then(() => {
                      if (states === own) resolved = number
                    })
                  begun.push(commit)
                  if (step.then === 'wait') await commit
                  if (step.then === 'let turns pass') for (let turn = 0; turn < 5; turn++) await nextTurn()
                  if (step.then === 'let time pass') await delay(3)
                  if (step.then === 'read') {
                    expect(
                      new Map([...store.range(bytes(''))].map(({ key, value }) => [String(key), String(value)])),
                    ).toEqual(state)
                  }
                }
              }
            } finally {
              await Promise.all(begun)
              for (const one of [store, ...abandoned]) await one.close()
            }
          },
        ),
        { numRuns: 40 },
      )
    },
  )

  test('keeps all that was committed when it cannot be written to the data file, and says so', async ({ skip }) => {
    skip(process.platform === 'win32', 'needs a limit to the size of files')
    const directory = newDirectory()
    const text = `
      import { lmdbStore } from 'wallarx'
      const store = await lmdbStore(${JSON.stringify(directory)}, { logSize: 200_000 }).open()
      let committed = 0
      let failure
      while (failure === undefined) {
        const value = Buffer.alloc(20_000, 'x')
        await store.commit([{ key: Buffer.from('key ' + committed), value }]).then(() => committed++, (error) => { failure = error })
      }
      const seen = [...store.range(Buffer.from(''))].length
      const again = await store.commit([{ key: Buffer.from('again'), value: Buffer.from('') }]).catch((error) => error.code)
      const closing = await store.close().catch((error) => error)
      console.log(JSON.stringify({ committed, seen, again, code: failure.code, message: failure.message, closing: closing.code + closing.message }))
    `
    const limited = ['-c', 'ulimit -f 2000 && exec "$0" "$@"', process.execPath, '--input-type=module', '--eval', text]
    const output = await new Promise<string>((resolve, reject) => {
      execFile('sh', limited, { cwd: join(import.meta.dirname, '../../..') }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(stderr))
      })
    })
    const found = JSON.parse(output)
    expect(found).toMatchObject({
      seen: found.committed,
      again: 'STORE_FAILED',
      code: 'STORE_FAILED',
      message: expect.stringContaining('expected to commit 1 change, got Error: Input/output error'),
      closing: expect.stringMatching(/^STORE_FAILED.*nothing is lost/),
    })
    expect(found.committed).toBeGreaterThan(20)
    const store = await opened(directory)
    expect([...store.range(bytes(''))]).toHaveLength(found.committed)
  })

  test(
    'shows whole commits to a reader, one after the other, while its owner writes, applies and is killed',
    { timeout: 60_000 },
    async () => {
      const directory = newDirectory()
      const slots = Array.from({ length: 20 }, (_, slot) => `slot ${slot}`)
      let last = 0
      let seen = 0
      for (let round = 0; round < 5; round++) {
        const owner = startProgram(`
        import { lmdbStore } from 'wallarx'
        const store = await lmdbStore(${JSON.stringify(directory)}, { logSize: 20_000 }).open()
        const slots = ${JSON.stringify(slots)}
        for (let number = ${last + 1}; ; number++) {
          await store.commit(slots.map((slot) => ({ key: Buffer.from(slot), value: Buffer.from(String(number)) })))
          if (number === ${last + 1}) console.log('begun')
        }
      `)
        await owner.until(() => owner.stdout().includes('begun'))
        const reader = await opened(directory, { readOnly: true })
        const files = new Set<string>()
        const look = (): void => {
          const values = [...reader.range(bytes(''))].map(({ value }) => Number(String(value)))
          expect([values.length, new Set(values).size]).toEqual([slots.length, 1])
          const one = Number(String(reader.get(bytes('slot 7'))))
          expect(values[0]).toBeGreaterThanOrEqual(last)
          expect(one).toBeGreaterThanOrEqual(values[0]!)
          if (one > last) seen++
          last = one
          for (const name of logFilesIn(directory)) files.add(name)
        }
        while (files.size < 8) {
          look()
          if (seen % 7 === 0) await nextTurn()
        }
        owner.process.kill('SIGKILL')
        await owner.ended
        look()
        await reader.close() // LMDB takes no writer in a process that had a reader first
        const next = await lmdbStore(directory).open()
        expect(Number(String(next.get(bytes('slot 0'))))).toBe(last)
        await next.close()
      }
      expect(seen).toBeGreaterThan(20)
    },
  )
})

function recordOf(changes: readonly Change[]): Buffer {
  return logRecord(
    [changes],
    changes.reduce((sum, change) => sum + changeLength(change), 0),
  )
}
