import { from, type AsyncIterableX } from 'ix/asynciterable'
import { map, mergeAll } from 'ix/asynciterable/operators'
import { switchMap, timer, type Observable, type OperatorFunction } from 'rxjs'
import { expect, onTestFinished, test } from 'vitest'
import { fromAsyncIterable, statePartition, toAsyncIterable } from 'wallarx'
import { toMulti, toStatePartition, toStatePartitionMulti } from 'wallarx/operators/ix'
import { simulateCluster, workersDoNotMatter } from 'wallarx/testing'
import { account, notes, type Note } from './programs.ts'

/** Operators of Ix in the middle of a pipeline. */
const through =
  <In, Out>(operators: (messages: AsyncIterableX<In>) => AsyncIterable<Out>): OperatorFunction<In, Out> =>
  (messages: Observable<In>) =>
    fromAsyncIterable(operators(from(toAsyncIterable(messages))))

type Counted = readonly [account: bigint, page: number, count: number]

const counting = () =>
  toStatePartition(
    ([account, page]: Note, state: { count: number }): [Counted, boolean] => [[account, page, ++state.count], true],
    statePartition('counts', { key: account, build: () => ({ count: 0 }) }),
  )

const each = () =>
  toStatePartitionMulti(
    ([account, page, count]: Counted, state: { total: number }): [string[], boolean] => {
      const before = state.total
      state.total += page
      return [Array.from({ length: page }, (_, at) => `${account}: ${count}, ${before + at}`), page > 0]
    },
    statePartition('totals', { key: account, build: () => ({ total: 0 }) }),
  )

/** What schedules are tried with. */
const programs: Readonly<Record<string, () => OperatorFunction<Note, string>>> = {
  'two state partitions in a row': () => through((all: AsyncIterableX<Note>) => all.pipe(counting(), each())),
  'foreign operators in between': () =>
    through((all: AsyncIterableX<Note>) =>
      all.pipe(
        map((note) => note),
        counting(),
        map((counted) => counted),
        each(),
        map((text) => text),
      ),
    ),
  'many outputs of one message': () =>
    through((all: AsyncIterableX<Note>) =>
      all.pipe(
        toMulti(([account, page]: Note) => [...Array(page).keys()].map((at): Note => [account, at])),
        counting(),
        toMulti(([account, page, count]: Counted) => [`${account}: ${page}, ${count}`, `${account}: again`]),
      ),
    ),
  'later than others': () =>
    through((all: AsyncIterableX<Note>) =>
      from([
        all.pipe(
          map(async (note) => note),
          counting(),
          each(),
        ),
      ]).pipe(mergeAll()),
    ),
}

test.each(Object.entries(programs))(
  'operators of Ix, %s: it does not matter what happens to the workers',
  async (_, program) => {
    await workersDoNotMatter(program, { input: notes, key: account, runs: 20 })
  },
  120_000,
)

test('a step that is subscribed to when the program has begun is told', async () => {
  const later = (): OperatorFunction<Note, string> => {
    const counted = counting()
    return (messages) =>
      timer(10).pipe(switchMap(() => fromAsyncIterable(from(toAsyncIterable(messages)).pipe(counted, map(String)))))
  }
  const cluster = await simulateCluster(later, { key: account })
  onTestFinished(() => cluster.close())
  await expect(cluster.advance(1000)).rejects.toMatchObject({
    code: 'CLUSTER_PROGRAMS_DIFFER',
    where: { partition: 'counts' },
    got: expect.stringContaining('pipeline/') as string,
  })
})
