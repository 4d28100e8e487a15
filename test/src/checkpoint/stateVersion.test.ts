import { describe, expect, test } from 'vitest'
import { fileSource, memoryStore, statePartition, type StatePartition, type StateResult } from 'wallarx'
import { decode, toSink, toStatePartition } from 'wallarx/operators'
import { feed, never, testStore, type TestStore } from '../../support/durability.ts'
import { temporaryFile } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { count, counts, lines, runToEnd, text } from './counting.ts'

describe('a state partition that has changed', () => {
  interface Second {
    readonly total: number
  }
  const first = counts('versioned')
  const second = (
    migrate?: (state: unknown, from: number) => Second,
  ): StatePartition<string, Second> & typeof options => {
    return Object.assign(statePartition<string, Second>('versioned', { ...options, migrate, version: 2 }), options)
  }
  const options = { key: (message: string) => message.charCodeAt(0), build: (): Second => ({ total: 0 }) }
  const tell = (message: string, state: Second): StateResult<string> => [`${message} ${state.total}`, false]

  /** A store with two entities of version 1. */
  async function storeWithTwo(): Promise<TestStore> {
    const store = testStore(memoryStore())
    const pipeline = fileSource({ path: temporaryFile('a\na\nb\n'), framing: lines }).pipe(
      decode(text),
      toStatePartition(count, first),
    )
    await runToEnd({ store, pipelines: { other: pipeline } })
    return store
  }

  test('has each entity migrated when it is used, and written again in its version', async () => {
    const store = await storeWithTwo()
    const migrations: unknown[] = []
    const migrate = (state: unknown, from: number): Second => {
      migrations.push([state, from])
      return { total: 10 * (state as { count: number }).count }
    }
    const input = feed<string>()
    const sink = collect<string>()
    const pipelines = () => ({ pipeline: input.source.pipe(toStatePartition(tell, second(migrate)), toSink(sink)) })
    const { app, log } = await runForTest({ store, checkpointInterval: never, pipelines: pipelines() })
    expect(migrations).toEqual([])
    expect(log).toContain('state partition versioned: version 1 in the store; each entity is migrated to 2 on use')
    input.push('a', 'a')
    expect(migrations).toEqual([[{ count: 2 }, 1]])
    const before = store.commits.length
    await app.close()
    const keys = store.commits
      .slice(before)
      .flatMap((changes) => changes.map(({ key }) => String.fromCharCode(key[0]!)))
    expect(keys.filter((kind) => kind === 'E')).toHaveLength(1)
    const again = await runForTest({ store, checkpointInterval: never, pipelines: pipelines() })
    input.push('a', 'b')
    expect(migrations).toEqual([
      [{ count: 2 }, 1],
      [{ count: 1 }, 1],
    ])
    expect(sink.messages).toEqual(['a 20', 'a 20', 'a 20', 'b 10'])
    await again.app.close()
  })

  test('stops the start without migrate, and touches nothing', async () => {
    const store = await storeWithTwo()
    const before = store.begun
    const started = runForTest({
      store,
      checkpointInterval: 1,
      pipelines: { pipeline: feed<string>().source.pipe(toStatePartition(tell, second())) },
    })
    await expect(started).rejects.toMatchObject({
      code: 'STATE_VERSION',
      where: { partition: 'versioned' },
      message: expect.stringMatching(/migrate function from version 1.*version 2/),
    })
    expect(store.begun).toBe(before)
    const sink = collect<string>()
    const input = feed<string>()
    await runForTest({
      store,
      pipelines: { pipeline: input.source.pipe(toStatePartition(count, first), toSink(sink)) },
    })
    input.push('a')
    expect(sink.messages).toEqual(['a 3'])
  })

  test('stops the start when the store has a newer version', async () => {
    const store = await storeWithTwo()
    const migrate = (state: unknown): Second => ({ total: (state as { count: number }).count })
    const input = feed<string>()
    const { app } = await runForTest({
      store,
      pipelines: { pipeline: input.source.pipe(toStatePartition(tell, second(migrate))) },
    })
    input.push('a')
    await app.close()
    const before = store.begun
    const started = runForTest({ store, pipelines: { pipeline: input.source.pipe(toStatePartition(count, first)) } })
    await expect(started).rejects.toMatchObject({
      code: 'STATE_VERSION',
      message: expect.stringMatching(/version 2 or newer/),
    })
    expect(store.begun).toBe(before)
  })

  test('has the keys that vanished told in the log, and their entities kept', async () => {
    const store = memoryStore()
    const input = feed<string>()
    const sink = collect<string>()
    const start = async (keys: number[]): Promise<string[]> => {
      const partition = statePartition('closed', { build: () => ({ count: 0 }), keys })
      const pipeline = input.source.pipe(toStatePartition(count, partition, { key: Number }), toSink(sink))
      const { app, log } = await runForTest({ store, pipelines: { pipeline } })
      input.push(String(keys.at(-1)))
      await app.close()
      return log
    }
    expect((await start([1, 2, 3])).join()).not.toContain('no longer')
    expect(await start([2])).toContain(
      'state partition closed: keys 1, 3 are no longer in keys: their entities stay in the store, unused',
    )
    expect((await start([1, 2, 3])).join()).not.toContain('no longer')
    expect(sink.messages).toEqual(['3 1', '2 1', '3 2'])
  })
})
