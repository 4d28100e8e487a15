import { from, NEVER, concat } from 'rxjs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { toSink } from '../../../operators/toSink.ts'
import { fromObservable, journaled, observerSink, run } from '../../../src/index.ts'
import { operate } from '../../../src/step/operate.ts'
import { temporaryFolder } from '../../support/files.ts'
import { probeStep, type Seen } from './probe.ts'

const hour = 3_600_000
const start = Date.UTC(2026, 0, 1)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: start })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Processes what is in a journal, and then these, up to a stop; gives what a step saw that lives by arrival. */
async function life(directory: string, ...frames: string[]): Promise<Seen<Buffer>[]> {
  const seen: Seen<Buffer>[] = []
  const source = journaled(concat(from(frames.map((frame) => Buffer.from(frame))), NEVER), { directory })
  const pipeline = source.pipe(operate(probeStep(seen, Infinity)), toSink(observerSink({})))
  const app = await run({ name: 'lives', pipelines: { pipeline }, log: false, handleSignals: false })
  await vi.waitUntil(() => frames.length === 0 || String(seen.at(-1)?.message) === frames.at(-1))
  await app.close()
  return seen
}

const shown = (seen: readonly Seen<Buffer>[]): unknown[] =>
  seen.map(({ message, time, now }) => [String(message), time! - start, now - start])

test('a journal replays when its frames came', async () => {
  const directory = temporaryFolder()
  await life(directory, 'a', 'b')
  vi.setSystemTime(start + hour)
  await life(directory, 'c')
  vi.setSystemTime(start + 5 * hour)
  const expected = [
    ['a', 0, 0],
    ['b', 0, 0],
    ['c', hour, hour],
  ]
  expect(shown(await life(directory, 'd'))).toEqual([...expected, ['d', 5 * hour, 5 * hour]])
})

test('a clock that is set back takes no time back', async () => {
  const directory = temporaryFolder()
  await life(directory, 'a')
  vi.setSystemTime(start - hour)
  expect(shown(await life(directory, 'b'))).toEqual([
    ['a', 0, 0],
    ['b', 0, 0],
  ])
})

test('without a journal a step lives by the clock, and is woken by it', async () => {
  vi.useFakeTimers({ now: start })
  const seen: Seen<number>[] = []
  const subscription = fromObservable(concat(from([1]), NEVER))
    .pipe(operate(probeStep(seen, start + 60)))
    .subscribe()
  await vi.advanceTimersByTimeAsync(59)
  expect(seen).toEqual([{ message: 1, time: start, now: start }])
  await vi.advanceTimersByTimeAsync(1)
  expect(seen.slice(1)).toEqual([{ now: start + 60 }])
  subscription.unsubscribe()
  expect(vi.getTimerCount()).toBe(0)
})
