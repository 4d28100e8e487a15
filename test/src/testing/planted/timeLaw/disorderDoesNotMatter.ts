import fc from 'fast-check'
import { map, pipe, type OperatorFunction } from 'rxjs'
import { session, sliding, tumbling, windowed, type Aggregate, type WindowDefinition } from 'wallarx'
import { eventTime, toWindows } from 'wallarx/operators'
import { disorderDoesNotMatter, timed, type Timed } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

export const readings = timed(fc.array(fc.nat(99), { maxLength: 20, size: 'max' }), { disorder: 8, origins: 2 })

/** A number of each window: what is added up of its readings, or kept of them. */
export const inWindows =
  (
    add: (n: number, state: number) => number,
    { window = tumbling({ size: 20 }), outOfOrder = 8, merge }: Options = {},
  ): (() => OperatorFunction<Timed<number>, number>) =>
  () =>
    pipe(
      eventTime(({ at }: Timed<number>) => at, { outOfOrder }),
      map(({ message }) => message),
      toWindows(
        aggregateOf(add, merge),
        windowed('windows', { key: (n: number) => n % 2, window, build: () => 0, late: 'drop' }),
      ),
    )

/** Sessions need a merge; the law's types know that of a window that is given as it is. */
const aggregateOf = (
  add: (n: number, state: number) => number,
  merge: Options['merge'],
): Required<Omit<Aggregate<number, number, number>, 'name'>> =>
  ({ add, close: (state: number) => state, ...(merge && { merge }) }) as never

interface Options {
  readonly window?: WindowDefinition
  readonly outOfOrder?: number
  readonly merge?: (into: number, from: number) => number
}

const plus = (n: number, sum: number): number => sum + n
const most = (n: number, greatest: number): number => Math.max(n, greatest)
const law = 'disorderDoesNotMatter'

export const planted: Planted[] = [
  {
    bug: 'an eventTime that lets messages be in less disorder than they are',
    build: inWindows(plus, { outOfOrder: 5 }),
  },
  { bug: 'an aggregate that keeps the last one that came', build: inWindows((n) => n) },
  { bug: 'an aggregate that keeps the first one that came', build: inWindows((n, first) => first || n) },
  { bug: 'a mean that forgets', build: inWindows((n, mean) => (mean + n) / 2) },
  {
    bug: 'sessions whose merge takes the later one for the last',
    build: inWindows(most, { window: session({ gap: 9 }), merge: (_, from) => from }),
  },
  {
    bug: 'a state beside the windows',
    build: () => {
      let before = 0
      return inWindows((n, sum) => {
        const change = Math.abs(n - before)
        before = n
        return sum + change
      })()
    },
  },
].map(({ bug, build }) => ({
  law,
  bug,
  check: (options) => disorderDoesNotMatter(build, { messages: readings, ...options }),
}))

export const right: Planted[] = [
  { bug: 'sums', build: inWindows(plus) },
  { bug: 'the greatest of sessions', build: inWindows(most, { window: session({ gap: 9 }), merge: most }) },
  { bug: 'sums of sliding windows', build: inWindows(plus, { window: sliding({ size: 20, every: 6 }), merge: plus }) },
].map(({ bug, build }) => ({
  law,
  bug,
  check: (options) => disorderDoesNotMatter(build, { messages: readings, ...options }),
}))
