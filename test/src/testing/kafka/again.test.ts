import { catchError, map, pipe, repeat, retry, take, timer, type Observable, type OperatorFunction } from 'rxjs'
import { test } from 'vitest'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { workersDoNotMatter } from 'wallarx/testing'
import { account, notes, turning, type Note } from './programs.ts'

/** Throws at some messages, which do not depend on how they are divided. */
const throwing = <Message extends readonly [bigint, number, ...unknown[]]>() =>
  map((message: Message) => {
    if (message[1] === 2) throw new Error('two')
    return message
  })

const counting = () =>
  toStatePartition(
    ([account, page]: Note, state: { count: number }) => [[account, page, ++state.count] as const, true] as const,
    statePartition('accounts', { key: account, build: () => ({ count: 0 }) }),
  )

const shown = () => map(([account, page, count]: readonly [bigint, number, number]) => `${account}: ${page}, ${count}`)

/** Parts that are subscribed to again in the middle of what comes. */
const again: Readonly<Record<string, () => OperatorFunction<Note, string>>> = {
  'retry, of what throws before a state partition': () => pipe(throwing<Note>(), counting(), shown(), retry()),
  'retry, of what throws behind it': () =>
    pipe(counting(), throwing<readonly [bigint, number, number]>(), shown(), retry()),
  'retry after a while': () =>
    pipe(counting(), throwing<readonly [bigint, number, number]>(), retry({ delay: () => timer(30) }), shown()),
  'retry, with two steps on one state partition': () =>
    pipe(
      throwing<Note>(),
      turning(),
      map((text) => text),
      retry(),
    ),
  'catchError, with what it caught': () =>
    pipe(
      counting(),
      throwing<readonly [bigint, number, number]>(),
      shown(),
      catchError((_, caught: Observable<string>) => caught),
    ),
  'take and repeat, before a state partition': () => pipe(take<Note>(2), repeat(), counting(), shown()),
  'take and repeat, behind it': () => pipe(counting(), take(3), repeat(), shown()),
}

test.each(Object.entries(again))(
  '%s: it does not matter what happens to the workers',
  async (_, program) => {
    await workersDoNotMatter(program, { input: notes, key: account, runs: 60 })
  },
  120_000,
)
