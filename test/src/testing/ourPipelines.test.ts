import fc from 'fast-check'
import { pipe } from 'rxjs'
import { describe, test } from 'vitest'
import { lengthPrefixed, StateMap, statePartition, StateSet, utf8 } from 'wallarx'
import { decode, encode, to, toMulti, toState, toStatePartition, toStatePartitionMulti } from 'wallarx/operators'
import { checkPipeline, chunked, framed, messages } from 'wallarx/testing'
import { countWord, split, wordCountLine, wordTotals } from '../../../examples/01-word-count/wordCount.ts'

describe('our own pipelines hold what we ask of others', { timeout: 60_000 }, () => {
  test('word count, from bytes that are cut anywhere', async () => {
    const words = fc.array(fc.constantFrom('a', 'be', 'bee', 'B', '12', '-', "don't"), { maxLength: 4 })
    const texts = fc.array(
      words.map((some) => some.join(' ')),
      { maxLength: 6 },
    )
    await checkPipeline(
      () => pipe(decode(utf8), toMulti(split), toStatePartition(countWord, wordTotals), encode(wordCountLine)),
      { input: chunked(framed(texts, lengthPrefixed(4)).map(({ bytes }) => bytes)), framing: lengthPrefixed(4) },
    )
  })

  interface Visit {
    readonly user: bigint
    readonly page: string
  }
  const user = ({ user }: Visit): bigint => user
  const visits = messages({
    keys: 3,
    message: (key) => fc.record({ user: fc.constant(key), page: fc.constantFrom('/', '/a', '/b') }),
    maxLength: 10,
  })

  test('a StateMap and a StateSet in one state, with a cache', () =>
    checkPipeline(
      () =>
        toStatePartitionMulti(
          ({ page }: Visit, { pages, last }: { pages: StateMap<string, number>; last: StateSet<string> }) => {
            pages.set(page, (pages.get(page) ?? 0) + 1)
            if (!last.delete(page)) last.add(page)
            return [[`${page} ${String(pages.get(page))}`, ...last], true]
          },
          statePartition('visits', {
            key: user,
            build: () => ({ pages: new StateMap<string, number>(), last: new StateSet<string>() }),
            cache: 1,
          }),
        ),
      { input: visits, key: user },
    ))

  test('asynchronous steps, before and in a state partition', () =>
    checkPipeline(
      () => {
        const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
        return pipe(
          to(async (visit: Visit) => (await sleep(visit.page.length * 10), visit), { concurrency: 3 }),
          toStatePartition(
            async ({ page }, state: { pages: string[] }) => {
              await sleep(30 - page.length * 10)
              state.pages.push(page)
              return [state.pages.join(), true] as const
            },
            statePartition('pages', { key: user, build: () => ({ pages: [] as string[] }) }),
            { concurrency: 2 },
          ),
        )
      },
      { input: visits, key: user },
    ))

  test('one state for all, of bigint, Date, Set and undefined', () =>
    checkPipeline(
      () =>
        toState(
          ({ user, page }: Visit, state) => {
            state.users.add(user)
            state.sum += user
            state.last = page === '/' ? undefined : page
            state.at = new Date(Number(BigInt.asUintN(40, user)))
            return [`${state.users.size} ${state.sum}`, true]
          },
          statePartition('all', {
            build: () => ({
              users: new Set<bigint>(),
              sum: 0n,
              last: undefined as string | undefined,
              at: new Date(0),
            }),
          }),
        ),
      { input: visits },
    ))
})
