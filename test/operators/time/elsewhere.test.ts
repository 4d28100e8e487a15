/** What has gone wrong elsewhere, a test for each (`project issue`), and what users do by mistake. */
import { join } from 'node:path'
import fc from 'fast-check'
import { from, lastValueFrom, map, merge, pipe, Subject, toArray, type OperatorFunction } from 'rxjs'
import { describe, expect, test, vi } from 'vitest'
import {
  fromAsyncIterable,
  fromObservable,
  lmdbStore,
  observerSink,
  run,
  session,
  sliding,
  tumbling,
  windowed,
  type WindowDefinition,
} from 'wallarx'
import { eventTime, toSink, toWindows } from 'wallarx/operators'
import { interleavingDoesNotMatter, testPipeline, timed, type Timed } from 'wallarx/testing'
import { temporaryFolder } from '../../support/files.ts'

interface Message {
  readonly key: number
  readonly t: number
}
interface Options {
  readonly outOfOrder?: number
  readonly maxAhead?: number
  readonly idleAfter?: number
  readonly late?: (message: Message) => string
}

const windowsOf = (window: WindowDefinition, { late }: Options = {}) =>
  windowed('windows', {
    key: ({ key }: Message) => key,
    window,
    build: (): { times: number[] } => ({ times: [] }),
    late: late ?? (({ key, t }: Message) => `late: ${key} at ${t}`),
  })

/** Says of each window which times are in it. */
const gathering =
  (
    window: WindowDefinition,
    { late, ...options }: Options = {},
    partition = windowsOf(window, { ...(late && { late }) }),
  ): OperatorFunction<Message, string> =>
  (messages) =>
    messages.pipe(
      eventTime(({ t }) => t, options),
      toWindows(
        {
          add: ({ t }: Message, { times }) => void times.push(t),
          merge: (into, { times }) => void into.times.push(...times),
          close: ({ times }, { key, start, end }) => `${key} [${start}, ${end}) ${times.join()}`,
        },
        partition,
      ),
    )

const at = (t: number, key = 1): Message => ({ key, t })

test('a window of a key that does not come again closes after a crash (bytewax 138)', async () => {
  const build = () => gathering(tumbling({ size: 10 }))
  const driver = await testPipeline(build(), { delivery: 'exactly once' })
  driver.send(at(3, 1), at(4, 2))
  await driver.checkpoint()
  await driver.crash()
  await driver.restart(build())
  driver.send(at(12, 2))
  expect(driver.read()).toEqual(['1 [0, 10) 3', '2 [0, 10) 4'])
  await driver.close()
})

test('what is in order is in a window that it lies in, however far from 1970 (bytewax 413)', async () => {
  const size = fc.integer({ min: 1, max: 1e9 })
  const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(size, times, fc.constantFrom(0, 1.7e12, 8e15, -5e10), async (size, steps, first) => {
      let t = first
      const messages = steps.map((step) => at((t += step)))
      const driver = await testPipeline(gathering(tumbling({ size })))
      driver.send(...messages)
      await driver.end()
      const outputs = driver.outputs()
      await driver.close()
      const seen = outputs.flatMap((output) => {
        const [, start, end, times] = /\[(\S+), (\S+)\) (\S+)/.exec(output)!
        return times!.split(',').map((time) => ({ start: Number(start), end: Number(end), time: Number(time) }))
      })
      expect(seen.map(({ time }) => time).sort((a, b) => a - b)).toEqual(messages.map(({ t }) => t))
      for (const { start, end, time } of seen) expect(start <= time && time < end, `${start} ${time} ${end}`).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test('sessions have the same messages in each run (bytewax 427)', async () => {
  const build = (): OperatorFunction<Timed<number>, string> =>
    pipe(
      map(({ message, at: t }: Timed<number>) => ({ key: message, t })),
      gathering(session({ gap: 15 }), { outOfOrder: 9 }),
      map((line) => line.replace(/\S+$/, (times) => times.split(',').sort().join())),
    )
  const messages = timed(fc.array(fc.nat(1), { maxLength: 20 }), { origins: 3, disorder: 9 })
  await interleavingDoesNotMatter(build, { messages })
})

test.each<[string, WindowDefinition, readonly string[]]>([
  ['tumbling', tumbling({ size: 10 }), ['1 [0, 10) 9', '1 [10, 20) 10,19', '1 [20, 30) 20']],
  [
    'sliding',
    sliding({ size: 10, every: 5 }),
    ['1 [0, 10) 9', '1 [5, 15) 9,10', '1 [10, 20) 10,19', '1 [15, 25) 19,20', '1 [20, 30) 20'],
  ],
  ['session', session({ gap: 9 }), ['1 [9, 19) 9,10', '1 [19, 29) 19,20']],
])('a message at an edge belongs to what begins there: %s (bytewax 406, 217)', async (_, window, expected) => {
  const driver = await testPipeline(gathering(window))
  driver.send(at(9), at(10), at(19), at(20))
  await driver.end()
  expect(driver.outputs()).toEqual(expected)
  await driver.close()
})

test('after a restart the watermark is that of the rows that come again (volga 169)', async () => {
  const build = () => gathering(tumbling({ size: 10 }))
  const driver = await testPipeline(build(), { delivery: 'exactly once' })
  driver.send(at(1))
  await driver.checkpoint()
  driver.send(at(2), at(500), at(501))
  await driver.crash()
  await driver.restart(build())
  expect(driver.watermark()).toBe(501)
  await driver.end()
  expect(driver.outputs()).toEqual(['1 [0, 10) 1,2', '1 [500, 510) 500,501'])
  await driver.close()
})

test('what is late for one sliding window and in time for another is not late (numaflow 1472)', async () => {
  const driver = await testPipeline(gathering(sliding({ size: 10, every: 5 })))
  driver.send(at(12), at(16), at(14))
  await driver.end()
  expect(driver.outputs()).toEqual(['1 [5, 15) 12', '1 [10, 20) 12,14,16', '1 [15, 25) 16'])
  await driver.close()
})

/** Two partitions of a topic, so to say, and what comes out. */
function twoOrigins(operator: OperatorFunction<Message, string>) {
  const [fast, slow] = [new Subject<Message>(), new Subject<Message>()]
  const outputs: string[] = []
  merge(fromObservable(fast, { name: 'fast' }), fromObservable(slow, { name: 'slow' }))
    .pipe(operator)
    .subscribe((output) => outputs.push(output))
  return { fast, slow, outputs }
}

test('who is ahead makes nobody late (Kafka Streams)', () => {
  const { fast, slow, outputs } = twoOrigins(gathering(tumbling({ size: 10 })))
  slow.next(at(1))
  for (const t of [2, 50, 1000]) fast.next(at(t))
  slow.next(at(3))
  slow.next(at(60))
  expect(outputs).toEqual(['1 [0, 10) 1,2,3', '1 [50, 60) 50'])
})

test('a silent origin holds the windows up to idleAfter, and not for ever (Flink)', async () => {
  vi.useFakeTimers()
  try {
    const { fast, slow, outputs } = twoOrigins(gathering(tumbling({ size: 10 }), { idleAfter: 1000 }))
    slow.next(at(1))
    fast.next(at(15))
    await vi.advanceTimersByTimeAsync(999)
    expect(outputs).toEqual([])
    fast.next(at(16))
    await vi.advanceTimersByTimeAsync(1)
    expect(outputs).toEqual(['1 [0, 10) 1'])
  } finally {
    vi.useRealTimers()
  }
})

test('of keys whose windows have closed nothing is kept (RxJS 4610, 2342)', async () => {
  const windows = windowsOf(tumbling({ size: 10 }))
  const driver = await testPipeline(gathering(tumbling({ size: 10 }), {}, windows))
  for (let key = 0; key < 5000; key++) driver.send(at(key / 10, key))
  expect(driver.entities(windows).size).toBe(100)
  await driver.checkpoint()
  driver.send(at(1000))
  expect([...driver.entities(windows).keys()]).toEqual([1n])
  await driver.close()
})

describe('a mistake', () => {
  test('a message a year ahead closes everything, or with maxAhead nothing', async () => {
    const year = 365 * 86_400_000
    const start = Date.UTC(2026, 0, 1)
    const outputsWith = async (options: Options): Promise<unknown[]> => {
      const driver = await testPipeline(gathering(tumbling({ size: 1000 }), options), {
        startTime: start,
        onError: 'skip',
      })
      driver.send(at(start), at(start + year), at(start + 1))
      const outputs = driver.read().map((line) => line.split(' ')[0])
      const letters = driver.deadLetters().map(({ error }) => error.code)
      await driver.end()
      outputs.push(...driver.read().map((line) => String(line.split(') ')[1]?.split(',').length)))
      await driver.close()
      return [outputs, letters]
    }
    expect(await outputsWith({})).toEqual([['1', 'late:', '1'], []])
    expect(await outputsWith({ maxAhead: 60_000 })).toEqual([['2'], ['TIME_INVALID']])
  })

  const failing = (only = 2) =>
    pipe(
      eventTime(({ t }: Message) => t),
      toWindows(
        {
          add: ({ t }: Message, { times }) => void times.push(t),
          close(_, { key }) {
            if (key === BigInt(only)) throw new Error('no')
            return `${key}`
          },
        },
        windowsOf(tumbling({ size: 10 })),
      ),
    )

  test('a close that throws is TIMER_FAILED, with the key and the window', async () => {
    const outcome = await lastValueFrom(from([at(1, 2), at(12, 3)]).pipe(failing(), toArray())).catch(
      (thrown: unknown) => thrown,
    )
    expect(outcome).toMatchObject({ code: 'TIMER_FAILED', where: { key: 2n, partition: 'windows' } })
  })

  test('a close that throws stops what has a store, and the next start is before it', async () => {
    const driver = await testPipeline(failing(), { onError: 'skip', delivery: 'exactly once' })
    driver.send(at(1, 1), at(1, 2), at(1, 3))
    await driver.checkpoint()
    expect(() => driver.send(at(12, 4))).toThrow(expect.objectContaining({ code: 'TIMER_FAILED' }) as Error)
    await driver.restart(failing(99))
    await driver.end()
    expect(driver.outputs()).toEqual(['1', '2', '3', '4'])
    await driver.close()
  })
})

test('many keys with a window each stay out of memory with a store', async () => {
  const many = 200_000
  const cache = 1000
  const windows = windowed('windows', {
    key: (key: number) => key,
    window: tumbling({ size: 1e9 }),
    build: () => ({ count: 0 }),
    cache,
  })
  let sum = 0
  let most = 0
  async function* keys(): AsyncGenerator<number> {
    for (let key = 0; key < many; key++) {
      yield key
      if (key % 5000 === 4999) {
        await app.checkpoint()
        most = Math.max(most, app.status().partitions.windows!.entities)
      }
    }
  }
  const counting = fromAsyncIterable(keys()).pipe(
    eventTime((key) => key),
    toWindows(
      {
        add(_: number, state: { count: number }) {
          state.count++
        },
        close: ({ count }) => count,
      },
      windows,
    ),
    toSink(
      observerSink({
        next(count) {
          sum += count
        },
      }),
    ),
  )
  const store = lmdbStore(join(temporaryFolder(), 'store'))
  const app = await run({ name: 'Many', pipelines: { counting }, store, log: false })
  await app.closed
  expect(sum).toBe(many)
  expect(most).toBeLessThanOrEqual(2 * cache + 5000)
}, 300_000)
