import { describe, expect, test } from 'vitest'
import { memoryStore, StateMap, statePartition, StateSet, type Sink, type StateResult } from 'wallarx'
import { to, toSink, toStatePartition } from 'wallarx/operators'
import { feed, never, stores, testStore } from '../../support/durability.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { createWatch } from '../../support/watch.ts'
import { count, counts, kinds, kindsOf, pushAndKeep } from './commits.ts'

/** A sink whose flush stays pending until it is let go on. */
function stuckSink<Message>() {
  const watch = createWatch()
  let letGo: () => void = () => undefined
  let flushes = 0
  const released = new Promise<void>((resolve) => (letGo = resolve))
  const sink: Sink<Message> = {
    name: 'stuck',
    open: () => ({
      write: () => undefined,
      async flush() {
        flushes++
        watch.changed()
        await released
        return undefined
      },
      close: () => Promise.resolve(),
      abort: () => undefined,
    }),
  }
  return { sink, release: letGo, until: watch.until, flushes: () => flushes }
}

describe.each(stores)('a checkpoint in %s', (_, makeStore) => {
  test('writes the entities that changed, and nothing when none has', async () => {
    const store = testStore(makeStore())
    const input = feed<number>()
    const sink = collect<string>()
    const { app } = await runForTest({
      store,
      checkpointInterval: 1,
      pipelines: { pipeline: input.source.pipe(toStatePartition(count, counts()), toSink(sink)) },
    })
    await pushAndKeep(store, input, 1, 2, 3, 1)
    await pushAndKeep(store, input, 2)
    await pushAndKeep(store, input, 3, 3, 1)
    await app.close()
    expect(kindsOf(store).filter((made) => made.includes('O'))).toEqual([
      expect.stringMatching(/^EEEP?OC$/),
      'EOC',
      'EEOC',
    ])
    const withoutPosition = kindsOf(store).filter((made) => !made.includes('O')) // the partition, at the start
    expect(withoutPosition.length).toBeLessThanOrEqual(1)
  })

  test('reads no entity at the start, and one for each that is used', async () => {
    const store = testStore(makeStore())
    const input = feed<number>()
    const sink = collect<string>()
    const start = () =>
      runForTest({
        store,
        checkpointInterval: never,
        pipelines: { pipeline: input.source.pipe(toStatePartition(count, counts()), toSink(sink)) },
      })
    const first = await start()
    input.push(...Array.from({ length: 10_000 }, (_, n) => n))
    await first.app.close()
    const [gets, ranges] = [store.gets.length, store.ranges]
    const second = await start()
    expect(store.gets).toHaveLength(gets)
    expect(store.ranges - ranges).toBeLessThanOrEqual(3) // state partitions, positions and their fingerprints
    expect(second.log).toContain('state partition counts: 10000 entities, read on use')
    input.push(7_777)
    input.push(7_777)
    expect(store.gets).toHaveLength(gets + 1)
    expect(sink.messages.slice(-2)).toEqual(['7777: 2', '7777: 3'])
    expect(second.app.status().partitions).toEqual({ counts: { entities: 1 } })
    await second.app.close()
  })

  test('writes the entries of StateMaps and StateSets that changed, and reads those that are used', async () => {
    const store = testStore(makeStore())
    const input = feed<number>()
    const sink = collect<number>()
    const build = () => ({ totals: new StateMap<number, number>(), seen: new StateSet<number>() })
    const start = () => {
      const all = statePartition('all', { build })
      const add = (n: number, { totals, seen }: ReturnType<typeof build>): StateResult<number> => {
        totals.set(n, (totals.get(n) ?? 0) + 1)
        seen.add(n)
        return [totals.get(n), true]
      }
      return runForTest({
        store,
        checkpointInterval: 1,
        pipelines: { pipeline: input.source.pipe(toStatePartition(add, all, { key: () => 0 }), toSink(sink)) },
      })
    }
    const first = await start()
    await pushAndKeep(store, input, ...Array.from({ length: 1000 }, (_, n) => n))
    expect(kinds(store.commits.at(-1)!)).toMatch(/^EM{2000}P?OC$/)
    await pushAndKeep(store, input, 5, 5)
    expect(kinds(store.commits.at(-1)!)).toBe('EMOC')
    await first.app.close()
    const gets = store.gets.length
    const second = await start()
    await pushAndKeep(store, input, 6)
    expect(sink.messages.at(-1)).toBe(2)
    expect(store.gets.length - gets).toBeLessThanOrEqual(4) // the entity, the entry of each, and no other
    expect(kinds(store.commits.at(-1)!)).toBe('EMOC')
    await second.app.close()
  })

  test('leaves out what a computation says it did not change', async () => {
    const store = testStore(makeStore())
    const input = feed<number>()
    const look = (_message: number, state: { count: number }): StateResult<number> => [state.count, false]
    const { app } = await runForTest({
      store,
      checkpointInterval: 1,
      pipelines: { pipeline: input.source.pipe(toStatePartition(look, counts()), toSink(collect<number>())) },
    })
    await pushAndKeep(store, input, 1, 2, 3)
    await app.close()
    expect(kindsOf(store).join('')).not.toContain('E')
  })

  test('is one commit for all pipelines of a run', async () => {
    const store = testStore(makeStore())
    const [one, two] = [feed<number>('one'), feed<number>('two')]
    const shared = counts()
    const { app } = await runForTest({
      store,
      checkpointInterval: never,
      pipelines: {
        one: one.source.pipe(toStatePartition(count, shared)),
        two: two.source.pipe(toStatePartition(count, shared)),
      },
    })
    one.push(1)
    two.push(1, 2)
    await app.close()
    expect(kindsOf(store).at(-1)).toMatch(/^EEP?OOC$/)
    expect([store.position('one', 'source', 'one'), store.position('two', 'source', 'two')]).toEqual([1, 2])
  })
})

describe('the sources', () => {
  test('go on while a commit is pending, and no second checkpoint begins', async () => {
    const store = testStore(memoryStore())
    const input = feed<number>()
    const sink = collect<string>()
    const { app } = await runForTest({
      store,
      checkpointInterval: 1,
      pipelines: { pipeline: input.source.pipe(toStatePartition(count, counts()), toSink(sink)) },
    })
    await pushAndKeep(store, input, 1)
    const { begun } = store
    const goOn = store.hang()
    input.push(2)
    await store.until(() => store.begun === begun + 1)
    for (let n = 0; n < 100; n++) {
      input.push(n)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(sink.messages).toHaveLength(102)
    expect(app.status().pipelines.pipeline!.holds).toEqual([])
    expect(store.begun).toBe(begun + 1)
    expect(store.position('pipeline', 'source', 'feed')).toBe(1)
    goOn()
    await store.until(() => store.position('pipeline', 'source', 'feed') === 102)
    await app.close()
  })

  test('are held until an asynchronous step is empty, and no checkpoint has half of a message', async () => {
    const store = testStore(memoryStore())
    const input = feed<number>()
    const sink = collect<string>()
    const watch = createWatch()
    let inside = 0
    let letGo: () => void = () => undefined
    const slow = async (message: number): Promise<number> => {
      inside++
      watch.changed()
      await new Promise<void>((resolve) => (letGo = resolve))
      return message
    }
    const { app, letters } = await runForTest({
      store,
      checkpointInterval: 1,
      pipelines: {
        pipeline: input.source.pipe(to(slow, { concurrency: 8 }), toStatePartition(count, counts()), toSink(sink)),
      },
    })
    input.push(1)
    await watch.until(() => inside === 1)
    // The checkpoint that falls due holds the source.
    await expect.poll(() => app.status().pipelines.pipeline!.holds.map(({ name }) => name)).toEqual(['checkpoint'])
    input.push(2)
    expect(inside).toBe(1)
    expect(store.position('pipeline', 'source', 'feed') ?? 0).toBe(0)
    letGo()
    await watch.until(() => inside === 2)
    expect(store.position('pipeline', 'source', 'feed') ?? 1).toBe(1)
    letGo()
    await store.until(() => store.position('pipeline', 'source', 'feed') === 2)
    expect(sink.messages).toEqual(['1: 1', '2: 1'])
    await app.close()
    expect(letters).toEqual([])
  })

  test('are held while a sink does not flush, and no checkpoint covers them', async () => {
    const store = testStore(memoryStore())
    const [input, other] = [feed<number>(), feed<number>('other')]
    const stuck = stuckSink<number>()
    const { app } = await runForTest({
      store,
      checkpointInterval: 1,
      pipelines: { pipeline: input.source.pipe(toSink(stuck.sink)), other: other.source.pipe(toSink(collect())) },
    })
    input.push(1)
    await stuck.until(() => stuck.flushes() === 1)
    const held = input.handed
    input.push(2, 3)
    other.push(1)
    expect([input.handed, other.handed]).toEqual([held, 0])
    expect(store.begun).toBe(0)
    expect(app.status().pipelines.pipeline!.holds.map(({ name }) => name)).toEqual(['checkpoint'])
    stuck.release()
    await store.until(() => store.position('pipeline', 'source', 'feed') === 3)
    expect(stuck.flushes()).toBeGreaterThan(1)
    await app.close()
    expect(store.position('other', 'source', 'other')).toBe(1)
  })
})

describe('a checkpoint that is asked for', () => {
  test('resolves when one that began after the call is durable, also beside those at the interval', async () => {
    const store = testStore(memoryStore())
    const input = feed<number>()
    const { app } = await runForTest({
      store,
      checkpointInterval: Infinity,
      pipelines: { pipeline: input.source.pipe(toStatePartition(count, counts()), toSink(collect<string>())) },
    })
    input.push(1, 2)
    const first = app.checkpoint() // under way when the next ones are asked for
    input.push(3)
    await Promise.all([first, app.checkpoint(), app.checkpoint()])
    expect(store.position('pipeline', 'source', 'feed')).toBe(3)
    const commits = store.commits.length
    await app.checkpoint()
    expect(store.commits, 'nothing has changed').toHaveLength(commits)
    await app.close()
    await app.checkpoint()
  })

  test('rejects where there is no store, and with what stopped the run', async () => {
    const input = feed<number>()
    const { app } = await runForTest({ pipelines: { pipeline: input.source.pipe(toSink(collect<number>())) } })
    await expect(app.checkpoint()).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await app.close()

    const bad = statePartition('bad', { key: (n: number) => n, build: () => ({ f: () => 0 }) })
    const other = feed<number>()
    const { app: failing } = await runForTest({
      store: memoryStore(),
      pipelines: {
        pipeline: other.source.pipe(
          toStatePartition(() => [1, true], bad),
          toSink(collect<number>()),
        ),
      },
    })
    const closed = expect(failing.closed).rejects.toMatchObject({ code: 'STATE_NOT_SERIALIZABLE' })
    other.push(1)
    await expect(failing.checkpoint()).rejects.toMatchObject({ code: 'STATE_NOT_SERIALIZABLE' })
    await closed
  })
})
