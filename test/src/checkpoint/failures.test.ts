import { catchError, EMPTY, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { memoryStore, statePartition, type OpenStore, type Sink, type StateResult } from 'wallarx'
import { to, toSink, toStatePartition } from 'wallarx/operators'
import { feed, never, testStore } from '../../support/durability.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { count, counts, kindsOf, pushAndKeep } from './commits.ts'

test('a store that cannot be closed fails the run, and does not hide why it had failed before', async () => {
  const open = async (): Promise<OpenStore> => ({
    ...(await memoryStore().open()),
    close: () => Promise.reject(new Error('the disk is full')),
  })
  const start = (messages: Observable<number>) =>
    runForTest({ store: { name: 'full', open }, pipelines: { pipeline: messages.pipe(toSink(collect<number>())) } })
  const { app } = await start(feed<number>().source)
  await expect(app.close()).rejects.toThrow('the disk is full')

  const input = feed<number>()
  const computing = to((): number => {
    throw new Error('a bug')
  })
  const { app: failing, log } = await start(input.source.pipe(computing))
  input.push(1)
  await expect(failing.closed).rejects.toThrow('a bug')
  expect(log.join('\n')).toContain('the disk is full')
})

describe('a commit that is rejected', () => {
  test('stops the run with CHECKPOINT_FAILED, which keeps the cause and names the last whole checkpoint', async () => {
    const store = testStore(memoryStore())
    const input = feed<number>()
    const sink = collect<string>()
    const start = () =>
      runForTest({
        store,
        checkpointInterval: 1,
        pipelines: { pipeline: input.source.pipe(toStatePartition(count, counts()), toSink(sink)) },
      })
    const { app } = await start()
    const failing = expect(app.closed).rejects.toMatchObject({
      code: 'CHECKPOINT_FAILED',
      cause: expect.objectContaining({ message: 'the disk is gone' }),
      message: expect.stringMatching(/the disk is gone; checkpoint \d+ is whole/),
    })
    await pushAndKeep(store, input, 1)
    const { length } = store.commits
    store.crash()
    input.push(1, 2)
    await failing
    expect(store.commits).toHaveLength(length)
    expect(sink.closed).toBe(true)
    store.mend()
    await start()
    await sink.until(() => sink.messages.length >= 5)
    expect(sink.messages).toEqual(['1: 1', '1: 2', '2: 1', '1: 2', '2: 1'])
  })

  test('that is the first one says that there is none before it', async () => {
    const store = testStore(memoryStore())
    store.crash()
    const { app } = await runForTest({
      store,
      checkpointInterval: never,
      pipelines: { pipeline: feed<number>().source.pipe(toStatePartition(count, counts())) },
    })
    await expect(app.close()).rejects.toMatchObject({
      code: 'CHECKPOINT_FAILED',
      message: expect.stringMatching(/write checkpoint 1, .*there is none before it/),
    })
  })
})

interface Halves {
  left: number
  right: number
}

/** Changes both halves, and throws in between for a negative message. */
function addToBoth(message: number, state: Halves): StateResult<string> {
  state.left++
  if (message < 0) throw new RangeError('in the middle')
  state.right++
  return [`${state.left} ${state.right}`, true]
}

describe('a state computation that throws in the middle of a change', () => {
  const halves = () => statePartition('halves', { build: (): Halves => ({ left: 0, right: 0 }) })
  const step = (concurrency: number | undefined) =>
    concurrency === undefined
      ? toStatePartition(addToBoth, halves(), { key: () => 0 })
      : toStatePartition(addToBoth, halves(), { key: () => 0, concurrency })

  test.each([
    ['stop', undefined],
    ['skip', undefined],
    ['stop', 2],
    ['skip', 2],
  ] as const)('fails the run, and no checkpoint has it (onError %s, concurrency %s)', async (onError, concurrency) => {
    const store = testStore(memoryStore())
    const input = feed<number>()
    const sink = collect<string>()
    const start = () =>
      runForTest({
        store,
        onError,
        checkpointInterval: 1,
        pipelines: { pipeline: input.source.pipe(step(concurrency), toSink(sink)) },
      })
    const { app, letters } = await start()
    const failing = expect(app.closed).rejects.toMatchObject({
      code: 'COMPUTATION_FAILED',
      cause: expect.any(RangeError),
    })
    await pushAndKeep(store, input, 1)
    input.push(1, -1)
    await failing
    expect(letters).toEqual([])
    expect(store.position('pipeline', 'source', 'feed')).toBe(1)
    // It comes again, and fails again.
    const again = await start()
    await expect(again.app.closed).rejects.toMatchObject({ code: 'COMPUTATION_FAILED' })
    expect(sink.messages).toEqual(['1 1', '2 2', '2 2'])
  })

  test('is in no checkpoint that falls due while the sinks are closed', async () => {
    const store = testStore(memoryStore())
    const [input, other] = [feed<number>(), feed<number>('other')]
    let letClose!: () => void
    const mayClose = new Promise<void>((resolve) => (letClose = resolve))
    const slow: Sink<string> = {
      name: 'slow',
      open: () => ({ write: () => undefined, close: () => mayClose, abort: () => undefined }),
    }
    const { app } = await runForTest({
      store,
      checkpointInterval: 1,
      pipelines: { pipeline: input.source.pipe(step(undefined), toSink(slow)), other: other.source },
    })
    const failing = expect(app.closed).rejects.toMatchObject({ code: 'COMPUTATION_FAILED' })
    await pushAndKeep(store, input, 1)
    input.push(1, -1) // the entity has changed in order, then by half
    other.push(1)
    // Long enough for a checkpoint to fall due; one that came later would not be seen, and none may come.
    await new Promise((resolve) => setTimeout(resolve, 20))
    letClose()
    await failing
    expect(store.position('pipeline', 'source', 'feed')).toBe(1)
  })

  test('fails the run also where the pipeline goes on by itself', async () => {
    const store = testStore(memoryStore())
    const input = feed<number>()
    const sink = collect<string>()
    const { app } = await runForTest({
      store,
      checkpointInterval: 1,
      pipelines: {
        pipeline: input.source.pipe(
          step(undefined),
          catchError(() => EMPTY),
          toSink(sink),
        ),
      },
    })
    const failing = expect(app.closed).rejects.toMatchObject({ code: 'COMPUTATION_FAILED' })
    await pushAndKeep(store, input, 1)
    input.push(1, -1, 1)
    await failing
    expect(store.position('pipeline', 'source', 'feed')).toBe(1)
  })

  test('is not one whose key function throws: that is skipped', async () => {
    const store = testStore(memoryStore())
    const input = feed<number>()
    const sink = collect<string>()
    const partition = statePartition('keyed', {
      key: (message: number) => {
        if (message < 0) throw new RangeError('no key')
        return message
      },
      build: () => ({ count: 0 }),
    })
    const { app, letters } = await runForTest({
      store,
      onError: 'skip',
      checkpointInterval: 1,
      pipelines: { pipeline: input.source.pipe(toStatePartition(count, partition), toSink(sink)) },
    })
    await pushAndKeep(store, input, 1, -1, 1)
    await app.close()
    expect(letters.map(({ error: { code } }) => code)).toEqual(['KEY_FUNCTION_FAILED'])
    expect(sink.messages).toEqual(['1: 1', '1: 2'])
  })
})

test('a state that cannot be packed stops the run at its first checkpoint, and is named with its path', async () => {
  const store = testStore(memoryStore())
  const input = feed<number>()
  const states = statePartition('callbacks', { build: () => ({ inner: { list: [] as unknown[] } }) })
  const { app } = await runForTest({
    store,
    checkpointInterval: 1,
    pipelines: {
      pipeline: input.source.pipe(
        toStatePartition((_message, { inner }) => [void inner.list.push(1, () => 2), true], states, { key: () => 42 }),
      ),
    },
  })
  input.push(1)
  await expect(app.closed).rejects.toMatchObject({
    code: 'STATE_NOT_SERIALIZABLE',
    where: { partition: 'callbacks', key: 42n, path: '$.inner.list[1]' },
  })
  expect(kindsOf(store).join('')).not.toContain('E')
  expect(store.position('pipeline', 'source', 'feed') ?? 0).toBe(0)
})
