import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Subject, switchMap } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fileSink, fromObservable, memoryStore } from 'wallarx'
import { encode, toSink, toStatePartition } from 'wallarx/operators'
import { feed, never, stores, testStore } from '../../support/durability.ts'
import { temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { eventually, settled } from '../../support/watch.ts'
import { count, counting, counts, line, runToEnd } from './counting.ts'

describe.each(stores)('a run that starts again with %s', (_, makeStore) => {
  test('goes on with the state and at the positions it had, and repeats nothing', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(input, 'a\nb\na\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\na 2\n')
    appendFileSync(input, 'a\nc\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\na 2\na 3\nc 1\n')
    expect(store.position('pipeline', 'source', 'input')).toBe(10)
    expect(store.position('pipeline', 'sink', 'output')).toBe(20)
  })

  test('commits nothing when it has nothing new', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(input, 'a\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    const { length } = store.commits
    for (let time = 0; time < 2; time++) {
      await runToEnd({ store, checkpointInterval: 1, pipelines: { pipeline: counting(input, output) } })
    }
    expect(store.commits).toHaveLength(length)
    expect(readFileSync(output, 'utf8')).toBe('a 1\n')
  })

  test('computes again what came after the last checkpoint, once', async () => {
    const input = feed<string>()
    const output = join(temporaryFolder(), 'out')
    const store = testStore(makeStore())
    const start = async (checkpointInterval: number) =>
      runForTest({
        store,
        checkpointInterval,
        pipelines: {
          pipeline: input.source.pipe(
            toStatePartition(count, counts()),
            encode(line),
            toSink(fileSink({ path: output })),
          ),
        },
      })
    const first = await start(1)
    input.push('a', 'b')
    await store.until(() => store.position('pipeline', 'source', 'feed') === 2)
    store.crash()
    input.push('a', 'c')
    await expect(first.app.close()).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\na 2\nc 1\n')
    store.mend()
    const second = await start(never)
    input.push('c')
    await second.app.close()
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\na 2\nc 1\nc 2\n')
  })

  test('begins at the beginning after a crash before the first checkpoint', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(input, 'a\nb\n')
    const pipelines = { pipeline: counting(input, output) }
    const crashed = await runForTest({ store, checkpointInterval: never, pipelines })
    store.crash()
    await expect(crashed.app.closed).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\n')
    store.mend()
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\n')
  })

  test('cuts what it appended to a file off again, after a crash before the first checkpoint of messages', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(output, 'before\n')
    writeFileSync(input, 'a\nb\n')
    for (let time = 0; time < 2; time++) {
      const pipelines = { pipeline: counting(input, output, { append: true }) }
      const crashed = await runForTest({ store, checkpointInterval: never, pipelines })
      store.crash()
      await expect(crashed.app.closed).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
      expect(readFileSync(output, 'utf8')).toBe('before\na 1\nb 1\n')
      store.mend()
    }
    await runToEnd({ store, pipelines: { pipeline: counting(input, output, { append: true }) } })
    expect(readFileSync(output, 'utf8')).toBe('before\na 1\nb 1\n')
  })

  test('has written nothing when the first checkpoint, of where the sinks begin, is not durable', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(output, 'before\n')
    writeFileSync(input, 'a\nb\n')
    store.crash()
    const append = { append: true }
    const crashed = runToEnd({
      store,
      checkpointInterval: never,
      pipelines: { pipeline: counting(input, output, append) },
    })
    await expect(crashed).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
    expect(readFileSync(output, 'utf8')).toBe('before\n')
    store.mend()

    const goOn = store.hang()
    const starting = runForTest({
      store,
      checkpointInterval: never,
      pipelines: { pipeline: counting(input, output, append) },
    })
    await store.until(() => store.begun === 2)
    await settled(() => readFileSync(output).length)
    expect(readFileSync(output, 'utf8')).toBe('before\n')
    goOn()
    await (
      await starting
    ).app.closed
    expect(readFileSync(output, 'utf8')).toBe('before\na 1\nb 1\n')
    expect(store.begun).toBe(3)
  })

  test('waits for no checkpoint where the sinks have their positions from the last one', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(input, 'a\n')
    await runToEnd({ store, checkpointInterval: never, pipelines: { pipeline: counting(input, output) } })
    expect(store.commits).toHaveLength(2)
    appendFileSync(input, 'b\n')
    await runToEnd({ store, checkpointInterval: never, pipelines: { pipeline: counting(input, output) } })
    expect(store.commits).toHaveLength(3)
  })

  test('has the position of a sink that is opened later before that gets a message', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    const begin = new Subject<string>()
    writeFileSync(output, 'before\n')
    writeFileSync(input, 'a\n')
    const later = fromObservable(begin).pipe(switchMap(() => counting(input, output, { append: true })))
    const { app } = await runForTest({ store, checkpointInterval: never, pipelines: { later } })
    expect(store.begun).toBe(0)
    const goOn = store.hang()
    begin.next('now')
    await store.until(() => store.begun === 1)
    await settled(() => readFileSync(output).length)
    expect(readFileSync(output, 'utf8')).toBe('before\n')
    goOn()
    await eventually(() => readFileSync(output, 'utf8') === 'before\na 1\n')
    expect(store.position('later', 'sink', 'output')).toBe(7)
    await app.close()
    expect(store.position('later', 'sink', 'output')).toBe(11)
  })
})

describe('a file sink', () => {
  test('is cut back to its position in the checkpoint', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = memoryStore()
    writeFileSync(input, 'a\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    appendFileSync(output, 'what a crashed run had written')
    appendFileSync(input, 'b\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\n')
  })

  test('refuses a file that is shorter than its position, and names both lengths', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(memoryStore())
    writeFileSync(input, 'a\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    truncateSync(output, 3)
    appendFileSync(input, 'b\n')
    await expect(runToEnd({ store, pipelines: { pipeline: counting(input, output) } })).rejects.toMatchObject({
      code: 'SINK_CHANGED',
      message: expect.stringMatching(/the 4 bytes that were written .*, got a file of 3 bytes/),
    })
    expect(readFileSync(output, 'utf8')).toBe('a 1')
    expect(store.commits).toHaveLength(2) // where the sink begins, and the last of the first run
  })

  test('keeps what was there before the first run with append, and goes on from its position later', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = memoryStore()
    writeFileSync(output, 'before\n')
    writeFileSync(input, 'a\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output, { append: true }) } })
    appendFileSync(output, 'what a crashed run had written')
    appendFileSync(input, 'b\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output, { append: true }) } })
    expect(readFileSync(output, 'utf8')).toBe('before\na 1\nb 1\n')
  })
})

test('two pipelines that share a state partition find it again together', async () => {
  const store = memoryStore()
  const [one, two] = [feed<string>('one'), feed<string>('two')]
  const sink = collect<string>()
  for (let time = 0; time < 2; time++) {
    const shared = counts()
    const { app } = await runForTest({
      store,
      pipelines: {
        one: one.source.pipe(toStatePartition(count, shared), toSink(sink)),
        two: two.source.pipe(toStatePartition(count, shared), toSink(sink)),
      },
    })
    one.push('a')
    two.push('a')
    await app.close()
  }
  expect(sink.messages).toEqual(['a 1', 'a 2', 'a 3', 'a 4'])
})
