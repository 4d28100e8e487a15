import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { merge, NEVER, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fileSource, memoryStore, observerSink } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { feed, testStore } from '../../support/durability.ts'
import { temporaryFile, temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { counting, lines, runToEnd } from './counting.ts'

describe('the log of a start', () => {
  test('tells that the store is empty, and what a crash does to each pipeline', async () => {
    const { log, app } = await runForTest({
      store: memoryStore(),
      pipelines: {
        files: counting(temporaryFile('a\n'), join(temporaryFolder(), 'out')),
        foreign: NEVER.pipe(toSink(collect())),
        collecting: feed().source.pipe(toSink(collect())),
        silent: feed().source,
      },
    })
    expect(log).toEqual([
      'memory: empty, a fresh start',
      'files: state exactly once, output exactly once after a crash',
      'foreign: state at most once, output at most once after a crash',
      'collecting: state exactly once, output at least once after a crash',
      'silent: state exactly once after a crash',
    ])
    await app.close()
  })

  test('tells the checkpoint, its age, the entities and the positions it goes on from', async () => {
    const store = memoryStore()
    const [input, output] = [temporaryFile('a\nb\na\n'), join(temporaryFolder(), 'out')]
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    const { log } = await runForTest({ store, pipelines: { pipeline: counting(input, output) } })
    expect(log).toEqual([
      expect.stringMatching(/^memory: checkpoint 2 of \d{4}-\d\d-\d\dT[\d:.]+Z, \d+\.\d s ago$/),
      'state partition counts: 2 entities, read on use',
      'pipeline: sink output goes on from 12',
      'pipeline: source input goes on from 6',
      'pipeline: state exactly once, output exactly once after a crash',
    ])
  })
})

describe('what a checkpoint says of itself', () => {
  test('is an error where it is damaged, which names what it was, and nothing is processed', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(memoryStore())
    writeFileSync(input, 'a\nb\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    const before = readFileSync(output, 'utf8')
    const whole = new Map(store.commits.flat().map(({ key, value }) => [Buffer.from(key).toString('latin1'), value!]))
    const named: Record<string, RegExp> = {
      C: /the record of the last checkpoint as it was written/,
      P: /the record of the state partition counts as it was written/,
      O: /the position of the (source input|sink output) of the pipeline pipeline as it was written/,
    }
    for (const [text, value] of whole) {
      const why = named[text[0]!]
      if (why === undefined) continue
      const key = Buffer.from(text, 'latin1')
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: value.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
          const damaged = Buffer.from(value)
          damaged[at]! ^= flip
          let opened = await store.open()
          await opened.commit([{ key, value: damaged }])
          await opened.close()
          await expect(runToEnd({ store, pipelines: { pipeline: counting(input, output) } })).rejects.toMatchObject({
            code: 'STATE_CORRUPT',
            expected: expect.stringMatching(why),
          })
          expect(readFileSync(output, 'utf8')).toBe(before)
          opened = await store.open()
          await opened.commit([{ key, value }])
          await opened.close()
        }),
        { numRuns: 60 },
      )
    }
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe(before)
  })
})

test('a store that a newer version has written is refused, and not touched', async () => {
  const store = testStore(memoryStore())
  const opened = await store.open()
  const info = { layout: 1_000_000, application: 'test', checkpoint: 1, at: 0 }
  await opened.commit([{ key: Buffer.from('C'), value: Buffer.from(JSON.stringify(info)) }])
  await opened.close()
  const started = runForTest({ store, checkpointInterval: 1, pipelines: { pipeline: feed().source } })
  await expect(started).rejects.toMatchObject({ code: 'STORE_FROM_NEWER_VERSION' })
  expect(store.begun).toBe(1)
  await (await store.open()).close() // it was let go of
})

test('two sources of one pipeline must not have one name, those of two pipelines may', async () => {
  const source = (): Observable<Buffer> => fileSource({ path: temporaryFile('a\n'), framing: lines, name: 'same' })
  const sink = () => toSink(observerSink<Buffer>({}))
  await runToEnd({ store: memoryStore(), pipelines: { one: source().pipe(sink()), two: source().pipe(sink()) } })
  const both = { pipeline: merge(source(), source()).pipe(sink()) }
  await expect(runToEnd({ store: memoryStore(), pipelines: both })).rejects.toMatchObject({
    code: 'NAME_DUPLICATE',
    where: { pipeline: 'pipeline', source: 'same' },
  })
  await runToEnd({ pipelines: both }) // without a store nothing goes by the name
})
