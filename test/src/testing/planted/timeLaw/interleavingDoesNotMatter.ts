import { defer, distinctUntilChanged, map, mergeMap, pipe, type OperatorFunction } from 'rxjs'
import { session, sliding } from 'wallarx'
import { to } from 'wallarx/operators'
import { interleavingDoesNotMatter, type Timed } from 'wallarx/testing'
import type { Planted } from '../planted.ts'
import { inWindows, readings } from './disorderDoesNotMatter.ts'

const plus = (n: number, sum: number): number => sum + n

/** Sums of windows whose time is the greatest of all origins: who is behind is late, and is dropped. */
const byStreamTime: OperatorFunction<Timed<number>, string> = (events) =>
  defer(() => {
    let time = -Infinity
    const open = new Map<number, number>()
    const close = (): string[] => {
      const ended = [...open].filter(([start]) => start + 20 + 8 <= time)
      for (const [start] of ended) open.delete(start)
      return ended.map(([start, sum]) => `${start}: ${sum}`)
    }
    return events.pipe(
      mergeMap(({ message, at }) => {
        time = Math.max(time, at)
        const start = Math.floor(at / 20) * 20
        if (start + 20 + 8 > time) open.set(start, (open.get(start) ?? 0) + message)
        return close()
      }),
    )
  })

const law = 'interleavingDoesNotMatter'

export const planted: Planted[] = [
  { bug: 'one time for all origins', build: () => byStreamTime },
  { bug: 'an aggregate that keeps the last one that came', build: inWindows((n) => n) },
  {
    bug: 'an operator in front that looks at who came before',
    build: () =>
      pipe(
        distinctUntilChanged((one: Timed<number>, other) => one.message % 3 === other.message % 3),
        inWindows(plus)(),
      ),
  },
].map(({ bug, build }) => ({
  law,
  bug,
  check: (options) =>
    interleavingDoesNotMatter(build as () => OperatorFunction<Timed<number>, unknown>, {
      messages: readings,
      ...options,
    }),
}))

export const right: Planted[] = [
  { bug: 'sums', build: inWindows(plus) },
  { bug: 'sessions', build: inWindows(plus, { window: session({ gap: 9 }), merge: plus }) },
  { bug: 'sliding windows', build: inWindows(plus, { window: sliding({ size: 20, every: 6 }) }) },
  {
    bug: 'sums behind an asynchronous step',
    build: () =>
      pipe(
        to((event: Timed<number>) => Promise.resolve(event), { concurrency: 3 }),
        inWindows(plus)(),
        map((sum) => sum),
      ),
  },
].map(({ bug, build }) => ({
  law,
  bug,
  check: (options) => interleavingDoesNotMatter(build, { messages: readings, ...options }),
}))
