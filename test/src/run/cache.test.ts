import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromAsyncIterable, memoryStore, observerSink, run, StateMap, statePartition, type Running } from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'

/** Counts how often each number comes, with few entities in memory and a checkpoint after each chunk of time. */
async function counted(numbers: readonly number[], cache: number): Promise<{ seen: string[]; most: number }> {
  const counts = statePartition('counts', {
    key: (n: number) => n,
    build: () => ({ total: 0, each: new StateMap<string, number>() }),
    cache,
  })
  const seen: string[] = []
  let most = 0
  const running: { app?: Running } = {}
  const pipeline = fromAsyncIterable(numbers).pipe(
    toStatePartition((n, state) => {
      state.total++
      state.each.set('n', (state.each.get('n') ?? 0) + 1)
      return [`${n}: ${state.total} ${state.each.get('n')!}`, true]
    }, counts),
    toSink(
      observerSink({
        next(line: string) {
          seen.push(line)
          most = Math.max(most, running.app?.status().partitions.counts?.entities ?? 0)
        },
      }),
    ),
  )
  running.app = await run({
    name: 'Counting',
    pipelines: { pipeline },
    store: memoryStore(),
    checkpointInterval: 1,
    log: false,
    handleSignals: false,
  })
  await running.app.closed
  return { seen, most }
}

const expected = (numbers: readonly number[]): string[] => {
  const counts = new Map<number, number>()
  return numbers.map((n) => {
    const count = (counts.get(n) ?? 0) + 1
    counts.set(n, count)
    return `${n}: ${count} ${count}`
  })
}

test('entities that left memory come back as they were', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 400 }),
      fc.integer({ min: 1, max: 8 }),
      async (numbers, cache) => {
        const { seen } = await counted(numbers, cache)
        expect(seen).toEqual(expected(numbers))
      },
    ),
    { numRuns: 30 },
  )
})

test('with a cache of n, memory holds little more than 2 n entities however many there are', async () => {
  const numbers = Array.from({ length: 20_000 }, (_, n) => n)
  const { seen, most } = await counted(numbers, 100)
  expect(seen).toHaveLength(20_000)
  expect(most).toBeGreaterThan(100)
  expect(most).toBeLessThan(400)
})
