import { execFile } from 'node:child_process'
import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lmdbStore } from '../../../../src/store/lmdb/lmdbStore.ts'
import { startProgramOf } from '../../../support/processes.ts'
import { bytes, newDirectory, opened, put, storeWith, traceable } from './stores.ts'

describe('a store with LMDB whose disk fails', () => {
  test('rejects the commit and those that rest on it, and goes on when there is room again', async ({ skip }) => {
    skip(process.platform === 'win32', 'needs a limit to the size of files')
    const directory = newDirectory()
    const text = `
      import { lmdbStore } from 'wallarx'
      const store = await lmdbStore(${JSON.stringify(directory)}).open()
      const put = (key, value) => ({ key: Buffer.from(key), value: Buffer.from(value) })
      const has = (...keys) => keys.filter((key) => store.get(Buffer.from(key)) !== undefined).join(' ')
      const outcome = (commit) => commit.then(
        () => 'done',
        ({ code, message, cause }) => [code, message.split(' (')[0], cause.message],
      )
      await store.commit([put('before', '1')])
      const large = Array.from({ length: 40 }, (_, n) => put('large ' + n, Buffer.alloc(1e6)))
      const tooMuch = store.commit([put('a', '1'), ...large])
      const restsOnIt = store.commit([put('b', '1')])
      const begun = has('before', 'a', 'large 0', 'b')
      const outcomes = [await outcome(tooMuch), await outcome(restsOnIt)]
      const after = has('before', 'a', 'large 0', 'b')
      const ranged = [...store.range(Buffer.from(''))].map(({ key }) => String(key)).join(' ')
      for (const change of [put('c', '1'), put('d', Buffer.alloc(4e7)), put('e', '1')]) {
        outcomes.push(await outcome(store.commit([change])))
      }
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
      const end = await program.ended
      const store = await opened(directory)
      const found = Number(String(store.get(bytes('n'))))
      expect([...store.range(bytes('of '))]).toHaveLength(found)
      // LMDB damages its own memory now and then when a write to its file has failed: the process ends as in a crash.
      if (call === 'pwrite64' && file === 'data.mdb' && end === 'SIGABRT') {
        expect(program.stderr()).toContain('Write error: Input/output error')
        return
      }
      expect(end, program.stderr()).toBe(0)
      const { last, code, message, seen } = JSON.parse(program.stdout())
      expect({ code, seen }).toEqual({ code: 'STORE_FAILED', seen: String(last) })
      expect(message).toContain(reason)
      expect(found).toBe(last)
    },
  )

  test('rejects what was begun before a failure was known, even what could be written, and nothing later', async () => {
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
        try {
          await store.commit([{ key: Buffer.from('key ' + committed), value }])
          committed++
        } catch (error) {
          failure = error
        }
      }
      const seen = [...store.range(Buffer.from(''))].length
      const change = { key: Buffer.from('again'), value: Buffer.from('') }
      const again = await store.commit([change]).catch((error) => error.code)
      const closing = await store.close().catch((error) => error.code + error.message)
      const { code, message } = failure
      console.log(JSON.stringify({ committed, seen, again, code, message, closing }))
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
})
