import { from, type AsyncIterableX } from 'ix/asynciterable'
import { map, mergeAll } from 'ix/asynciterable/operators'
import { filter, share, switchMap, timer, type Observable, type OperatorFunction } from 'rxjs'
import { expect, onTestFinished, test } from 'vitest'
import { fromAsyncIterable, statePartition, toAsyncIterable } from 'wallarx'
import { joinWithin, toMulti, toStatePartition, toStatePartitionMulti } from 'wallarx/operators/ix'
import { simulateCluster, workersDoNotMatter } from 'wallarx/testing'
import { account, notes, type Note } from './programs.ts'
import { workersThrough } from '../../../../src/testing/pipelineLaw/workersDoNotMatter.ts'
import { accountOf, end, events, outOfOrder, rest, type Event } from './timedPrograms.ts'

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

const isLast = ([, at]: Event): boolean => at >= end

/** As `joined` of the timed programs, whose sides are pulled. */
const joined = (): OperatorFunction<Event, string> => (source) => {
  const all = source.pipe(share())
  const sideOf = (isHere: (event: Event) => boolean) =>
    from(toAsyncIterable(all.pipe(filter((event) => isHere(event) || isLast(event)))))
  const side = { key: accountOf, at: ([, at]: Event) => at }
  const pairs = joinWithin(
    sideOf(([, , page]) => page >= 2),
    {
      name: 'pairs',
      left: side,
      right: side,
      before: 5,
      after: 30,
      outOfOrder,
      combine: (one: Event, other: Event) =>
        isLast(one) ? undefined : `${one[0]}: ${one.slice(1).join(' ')}, ${other.slice(1).join(' ')}`,
    },
  )
  return fromAsyncIterable(sideOf(([, , page]) => page < 2).pipe(pairs))
}

test('joinWithin of Ix: it does not matter what happens to the workers', async () => {
  const options = { input: events, key: accountOf, runs: 20 }
  await workersThrough((client) => client, joined, options, undefined, rest)
}, 120_000)

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
