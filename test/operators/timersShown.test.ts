import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { counted, fromAsyncIterable, lmdbStore, observerSink, run, statePartition, tumbling, windowed } from 'wallarx'
import { eventTime, toSink, toStatePartition, toWindows } from 'wallarx/operators'
import { printEntities } from '../../src/cli/state/entities.ts'
import { printOverview } from '../../src/cli/state/overview.ts'
import { temporaryFolder } from '../support/files.ts'

test('the log of a start and the command say which timers there are', async () => {
  const directory = join(temporaryFolder(), 'store')
  const lines: string[] = []
  const log = { info: (line: string) => lines.push(line), warn: () => undefined, error: () => undefined }
  const start = async (keys: readonly number[]) => {
    const partition = statePartition('timed', { key: (key: number) => key, build: () => 0, expireAfter: 1e15 })
    const stop = new AbortController()
    async function* source() {
      yield* keys
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
    }
    const app = await run({
      name: 'Timed',
      store: lmdbStore(directory),
      log,
      pipelines: {
        timed: fromAsyncIterable(source()).pipe(
          toStatePartition(
            {
              compute: (key: number, _state: number, timers) => {
                timers.set('far', 8e15 + key)
                timers.set(7, 8e15)
                return [key, true]
              },
              onTimer: () => [0, false],
            },
            partition,
          ),
          toSink(observerSink({ next: () => undefined })),
        ),
      },
    })
    await app.checkpoint()
    const closed = app.close()
    stop.abort()
    await closed
  }
  await start([5])
  await start([])
  expect(lines.join('\n')).toContain(
    'state partition timed: timers at 3 times of entities, 0 of them past by the clock',
  )
  expect(await printed(directory, { partition: 'timed', key: 5n, json: false })).toContain(
    'timer 7 at +255479-11-28T14:13:20.000Z',
  )
  const [entity] = (await printed(directory, { partition: 'timed', key: 5n, json: true })).split('\n')
  expect(JSON.parse(entity!)).toEqual({
    key: '5',
    version: 1,
    state: 0,
    timers: [
      { name: 7, at: 8e15 },
      { name: 'far', at: 8e15 + 5 },
    ],
    expiresAt: expect.any(Number) as number,
  })
})

test.each([
  {
    window: tumbling({ size: 1000 }),
    shown: [
      '5: tumbling windows of 1000 ms',
      '  window from 1970-01-01T00:00:02.000Z to 1970-01-01T00:00:03.000Z: { count: 1 }',
      '  timer of the window from 1970-01-01T00:00:02.000Z at 1970-01-01T00:00:03.000Z',
    ],
  },
  {
    window: counted({ size: 3 }),
    shown: [
      '5: windows of 3 messages, one every 3',
      '  window of messages 1 to 3: { count: 1 }',
      '  what is open closes when the input has ended',
    ],
  },
])('the command shows windows that are open: $window.kind', async ({ window, shown }) => {
  const directory = join(temporaryFolder(), 'store')
  const windows = windowed('counts', { key: ({ key }: Reading) => key, window, build: () => ({ count: 0 }) })
  const stop = new AbortController()
  async function* source() {
    yield { key: 5, at: 2500 }
    await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
  }
  const counting = toWindows(
    {
      add(_: Reading, state: { count: number }) {
        state.count++
      },
      close: ({ count }: { count: number }) => count,
    },
    windows,
  )
  const app = await run({
    name: 'Windows',
    store: lmdbStore(directory),
    log: false,
    pipelines: {
      counts: fromAsyncIterable(source()).pipe(
        eventTime(({ at }) => at),
        counting,
        toSink(observerSink({ next: () => undefined })),
      ),
    },
  })
  await app.checkpoint()
  const closed = app.close()
  stop.abort()
  await closed
  expect((await printed(directory, { partition: 'counts', key: undefined, json: false })).trim().split('\n')).toEqual(
    shown,
  )
})

test('without a partition it shows how many timers there are, and the next one', async () => {
  const directory = join(temporaryFolder(), 'store')
  const partition = statePartition('timed', { key: (key: number) => key, build: () => 0, expireAfter: 1e15 })
  const stop = new AbortController()
  async function* source() {
    yield* [7, 5, 6]
    await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
  }
  const timed = toStatePartition(
    {
      compute(key: number, _state: number, timers) {
        timers.set('soon', 8e15 + key)
        if (key === 6) timers.set(1, 8e15 + 5)
        return [key, true]
      },
      onTimer: () => [0, false],
    },
    partition,
  )
  const timing = fromAsyncIterable(source()).pipe(
    eventTime((key) => key),
    timed,
    toSink(observerSink({ next: () => undefined })),
  )
  const app = await run({ name: 'Timed', store: lmdbStore(directory), log: false, pipelines: { timing } })
  await app.checkpoint()
  const closed = app.close()
  stop.abort()
  await closed
  const printed: string[] = []
  const spy = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line))
  try {
    await printOverview(directory, { json: false })
    await printOverview(directory, { json: true })
  } finally {
    spy.mockRestore()
  }
  const [text, json] = printed
  expect(text).toContain(
    [
      'state partition  timed',
      /^ {2}version 1, id \d, 3 entities.*$/m.exec(text!)![0],
      '  4 timers, the next at +255479-11-28T14:13:20.005Z, of entity 5',
      '  3 entities expire, the next at +033658-09-27T01:46:40.005Z, of entity 5',
    ].join('\n'),
  )
  const { partitions } = JSON.parse(json!) as { partitions: { name: string }[] }
  expect(partitions.find(({ name }) => name === 'timed')).toMatchObject({
    timers: { count: 4, next: { key: '5', at: 8e15 + 5 } },
    expiries: { count: 3, next: { key: '5', at: 1e15 + 5 } },
  })
  expect(partitions.every((one) => one.name === 'timed' || !('timers' in one))).toBe(true)
})

interface Reading {
  readonly key: number
  readonly at: number
}

async function printed(directory: string, options: Parameters<typeof printEntities>[1]): Promise<string> {
  const written: string[] = []
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk, ...rest) => {
    written.push(String(chunk))
    const done = rest.find((one) => typeof one === 'function') as (() => void) | undefined
    done?.()
    return true
  })
  try {
    await printEntities(directory, options)
  } finally {
    spy.mockRestore()
  }
  return written.join('')
}
