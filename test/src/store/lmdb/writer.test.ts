import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lmdbStore } from '../../../../src/store/lmdb/lmdbStore.ts'
import type { OpenStore } from '../../../../src/store/store.ts'
import { temporaryFolder } from '../../../support/files.ts'
import { startProgram, startProgramOf } from '../../../support/processes.ts'
import { bytes, crash, kill, newDirectory, opened, traceable, walFilesIn } from './stores.ts'

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
          ...slots.map((slot) => ({ key: Buffer.from(slot), value: Buffer.from(String(number).padEnd(500)) })),
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
        for (let n = 0; n < ${commits}; n++) {
          await store.commit([{ key: Buffer.from('key'), value: Buffer.from(String(n)) }])
        }
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
                  expect(walFilesIn(directory)).toEqual([])
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
          for (const name of walFilesIn(directory)) files.add(name)
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
