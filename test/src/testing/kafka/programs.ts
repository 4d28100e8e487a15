import fc from 'fast-check'
import { pipe, type OperatorFunction } from 'rxjs'
import { StateMap, statePartition } from 'wallarx'
import { toMulti, toStatePartition } from 'wallarx/operators'
import { messages } from 'wallarx/testing'

export type Note = readonly [account: bigint, page: number]

export const account = ([account]: readonly [bigint, ...unknown[]]): bigint => account
export const notes = messages({ keys: 4, message: (key) => fc.tuple(fc.constant(key), fc.nat(3)), maxLength: 25 })

interface Pages {
  count: number
  readonly open: StateMap<number, number>
}

/**
 * Two steps that use one state partition: the first one counts, the second one keeps pages in a StateMap, and removes a
 * page that it has.
 */
export const turning = () => {
  const pages = statePartition('pages', {
    key: account,
    build: (): Pages => ({ count: 0, open: new StateMap() }),
  })
  return pipe(
    toStatePartition(
      ([account, page]: Note, state: Pages) => [[account, page, ++state.count] as const, true] as const,
      pages,
    ),
    toStatePartition(([account, page, count]: readonly [bigint, number, number], { open }: Pages) => {
      const since = open.get(page)
      if (since === undefined) open.set(page, count)
      else open.delete(page)
      return [
        `${account}: ${count}, page ${page} ${since === undefined ? 'opened' : `closed, open since ${since}`}`,
        true,
      ]
    }, pages),
  )
}

/** Two state partitions in a row. */
const chained = () =>
  pipe(
    toStatePartition(
      ([account, page]: Note, state: { count: number }) => [[account, page, ++state.count] as const, true] as const,
      statePartition('accounts', { key: account, build: () => ({ count: 0 }) }),
    ),
    toStatePartition(
      ([account, page, count]: readonly [bigint, number, number], state: { total: number }) => [
        `${account}: ${count}, page ${page}, ${(state.total += page)} in all`,
        true,
      ],
      statePartition('pages', { key: account, build: () => ({ total: 0 }) }),
    ),
  )

/** No state, and outputs where there is a page only. */
const stateless = () =>
  toMulti(([account, page]: Note) => Array.from({ length: page }, (_, at) => `${account}: ${at + 1} of ${page}`))

/** What schedules are tried with. */
export const programs: Readonly<Record<string, () => OperatorFunction<Note, string>>> = {
  'two steps on one state partition': turning,
  'two state partitions in a row': chained,
  'no state': stateless,
}
