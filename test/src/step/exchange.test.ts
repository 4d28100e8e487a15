import { from, lastValueFrom, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { hashKey, hashOf, statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { within, type Context } from '../../../src/context/context.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import type { Exchange, ExchangeLink, ExchangeStep } from '../../../src/state/exchange.ts'

type Owner = ExchangeLink<string>['isHere']

/** An exchange whose owner answers; `joined` are the steps that have begun. */
function exchangeOf(owner: Owner): Exchange & { readonly joined: ExchangeStep<string>[] } {
  const joined: ExchangeStep<string>[] = []
  return {
    joined,
    join(step) {
      joined.push(step as unknown as ExchangeStep<string>)
      return { isHere: owner as ExchangeLink<unknown>['isHere'], leave: () => undefined }
    },
  }
}

const contextWith = (exchange: Exchange, stopping: AbortSignal): Context => {
  const context = standaloneContext()
  const shutdown = { ...context.shutdown, stopping }
  return { ...context, shutdown, entities: { ...context.entities, exchange } }
}

const lengths = () => statePartition('lengths', { key: (word: string) => word.length, build: () => ({ count: 0 }) })

/** What comes of these words until the run stops, which it does when all have been handed to the step. */
async function run(
  exchange: Exchange,
  words: readonly string[],
  partition = lengths(),
  options: { concurrency?: number } = {},
): Promise<string[]> {
  const stopping = new AbortController()
  const outputs = within(contextWith(exchange, stopping.signal), () =>
    lastValueFrom(
      from(words).pipe(
        toStatePartition(
          {
            name: 'count',
            compute: (word: string, state: { count: number }): [string, boolean] => [`${word} ${++state.count}`, true],
          },
          partition,
          options as { concurrency: number },
        ),
        toArray(),
      ),
    ),
  )
  stopping.abort()
  return outputs
}

describe.each([
  ['at once', {}],
  ['with concurrency', { concurrency: 2 }],
])('the door of an exchange, to a step that computes %s', (_, options) => {
  test('with an owner that says "here" changes nothing', async () => {
    const exchange = exchangeOf(() => true)
    expect(await run(exchange, ['a', 'bb', 'c'], lengths(), options)).toEqual(['a 1', 'bb 1', 'c 2'])
    expect(exchange.joined).toMatchObject([{ pipeline: undefined, step: 'count', partition: 'lengths' }])
  })

  test('with an owner that says "elsewhere" leaves each message to it, with the halves of its key', async () => {
    const taken: unknown[] = []
    const elsewhere: Owner = (low, high, word) => {
      taken.push([low, high, word])
      return false
    }
    expect(await run(exchangeOf(elsewhere), ['a', 'bb', 'c'], lengths(), options)).toEqual([])
    expect(taken).toEqual([
      [1, 0, 'a'],
      [2, 0, 'bb'],
      [1, 0, 'c'],
    ])
  })

  test('takes in what another worker hands over, in its turn', async () => {
    const exchange: ReturnType<typeof exchangeOf> = exchangeOf((_low, _high, word) => {
      if (word !== 'back') return true
      exchange.joined[0]!.receive(['from elsewhere'], 0, undefined)
      return false
    })
    expect(await run(exchange, ['1', 'back', '2'], lengths(), options)).toEqual(['1 1', 'from elsewhere 1', '2 2'])
  })
})

test('the door of an exchange gets the halves of a hash as of any key', async () => {
  const halves: number[][] = []
  const owner: Owner = (low, high) => halves.push([low, high]) > 0
  const hashed = statePartition('hashed', { key: hashOf((word: string) => word), build: () => ({ count: 0 }) })
  expect(await run(exchangeOf(owner), ['a', 'bb', 'a'], hashed)).toEqual(['a 1', 'bb 1', 'a 2'])
  const signed = (word: string): number[] => [
    Number(BigInt.asIntN(32, hashKey(word))),
    Number(BigInt.asIntN(32, hashKey(word) >> 32n)),
  ]
  expect(halves).toEqual([signed('a'), signed('bb'), signed('a')])
})

test('a key function that throws fails its message before an exchange is asked', async () => {
  let asked = 0
  const owner: Owner = () => ++asked > 0
  const fails = statePartition('lengths', {
    key: (word: string): number => {
      if (word === 'bad') throw new Error('no key')
      return 1
    },
    build: () => ({ count: 0 }),
  })
  await expect(run(exchangeOf(owner), ['good', 'bad', 'good'], fails)).rejects.toMatchObject({
    code: 'KEY_FUNCTION_FAILED',
  })
  expect(asked).toBe(1)
})
