import fc from 'fast-check'
import { bufferCount, debounceTime, exhaustMap, map, mergeMap, pipe, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { delimited, lengthPrefixed, statePartition, StateMap, utf8, WallarxError, type Serde } from 'wallarx'
import { decode, encode, frame, to, toMulti, toState, toStatePartition } from 'wallarx/operators'
import {
  checkPipeline,
  chunked,
  crashesDoNotMatter,
  framed,
  keysStayApart,
  messages,
  slowSinksLoseNothing,
  speedDoesNotMatter,
  startsAreIndependent,
  type PipelineLawName,
} from 'wallarx/testing'
import { pastedTestIn, runPasted } from './pasted.ts'

interface Deposit {
  readonly account: bigint
  readonly amount: number
}

interface Account {
  total: number
  note?: string | undefined
}

const account = ({ account }: Deposit): bigint => account
const deposits = messages({
  keys: 3,
  message: (key) => fc.record({ account: fc.constant(key), amount: fc.integer({ min: 1, max: 9 }) }),
  maxLength: 10,
})
const accounts = (build: () => Account = () => ({ total: 0 })) => statePartition('accounts', { key: account, build })

type Build = () => OperatorFunction<Deposit, unknown>

const depositing = (partition = accounts()) =>
  toStatePartition(
    ({ account, amount }: Deposit, state: Account) => [`${account}: ${(state.total += amount)}`, true],
    partition,
  )
const right: Build = () => depositing()
const sleeping = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const dropsUndefined: Serde<Account> = {
  serialize: (state) => Buffer.from(JSON.stringify(state)),
  deserialize: (bytes) => JSON.parse(String(bytes)) as Account,
}

/** Each with the law that finds it first, and the right implementation of the same thing. */
const planted: [bug: string, law: PipelineLawName, broken: Build, right: Build, keyed: boolean][] = [
  [
    'a state computation that lies about stateChanged',
    'crashesDoNotMatter',
    () =>
      toStatePartition(
        ({ amount }: Deposit, state: Account) => [(state.total += amount), state.total < 10],
        accounts(),
      ),
    () => toStatePartition(({ amount }: Deposit, state: Account) => [(state.total += amount), true], accounts()),
    true,
  ],
  [
    'an operator that shares state between subscriptions',
    'startsAreIndependent',
    () => {
      const seen = new Set<number>()
      return map(({ amount }) => (seen.has(amount) ? 'again' : (seen.add(amount), 'new')))
    },
    () =>
      toState(
        ({ amount }: Deposit, seen: Set<number>) => [seen.has(amount) ? 'again' : (seen.add(amount), 'new'), true],
        statePartition('seen', { build: () => new Set<number>() }),
      ),
    false,
  ],
  [
    'state that is kept in a closure of the subscription, outside of a state partition',
    'crashesDoNotMatter',
    () => (source) => {
      let count = 0
      return source.pipe(map(() => ++count))
    },
    () =>
      toState(
        (_: Deposit, state: { n: number }) => [++state.n, true],
        statePartition('count', { build: () => ({ n: 0 }) }),
      ),
    false,
  ],
  [
    'an asynchronous step that changes the order',
    'speedDoesNotMatter',
    () => mergeMap(async ({ account, amount }) => (await sleeping(100 * amount), `${account} ${amount}`)),
    () => to(async ({ account, amount }) => (await sleeping(100 * amount), `${account} ${amount}`), { concurrency: 4 }),
    false,
  ],
  [
    'an asynchronous step that changes the order, where only the order of each key matters',
    'speedDoesNotMatter',
    () =>
      pipe(
        mergeMap(async (one: Deposit) => (await sleeping(100 * one.amount), one)),
        depositing(),
      ),
    () =>
      toStatePartition(
        async ({ account, amount }: Deposit, state: Account) => (
          await sleeping(100 * amount),
          [`${account}: ${(state.total += amount)}`, true] as const
        ),
        accounts(),
        { concurrency: 4 },
      ),
    true,
  ],
  [
    'an operator that keeps messages back across a checkpoint',
    'crashesDoNotMatter',
    () => pipe(depositing(), bufferCount(2)),
    () => depositing(),
    false,
  ],
  [
    'a serde that drops undefined',
    'crashesDoNotMatter',
    () =>
      toStatePartition(
        ({ amount }: Deposit, state: Account) => [(state.total += amount), ((state.note = undefined), true)],
        statePartition('accounts', { key: account, build: () => ({ total: 0 }), serde: dropsUndefined }),
      ),
    () =>
      toStatePartition(
        ({ amount }: Deposit, state: Account) => [(state.total += amount), ((state.note = undefined), true)],
        accounts(),
      ),
    true,
  ],
  [
    'a key function that is not pure',
    'crashesDoNotMatter',
    () => {
      let turn = 0
      return toStatePartition(
        ({ amount }: Deposit, state: Account) => [(state.total += amount), true],
        statePartition('accounts', { key: () => turn++ % 3, build: () => ({ total: 0 }) }),
      )
    },
    () =>
      toStatePartition(
        ({ amount }: Deposit, state: Account) => [(state.total += amount), true],
        statePartition('accounts', { key: ({ amount }: Deposit) => amount % 3, build: () => ({ total: 0 }) }),
      ),
    false,
  ],
  [
    "a computation that reads another key's state through a shared object",
    'keysStayApart',
    () => {
      const shared = { total: 0 }
      return depositing(accounts(() => shared))
    },
    () => depositing(),
    true,
  ],
  [
    'a step that drops what comes while it is busy',
    'slowSinksLoseNothing',
    () => exhaustMap(async ({ amount }) => amount),
    () => to(async ({ amount }) => amount, { concurrency: 2 }),
    false,
  ],
  [
    'a step that answers in time, and too late in a rush',
    'speedDoesNotMatter',
    () =>
      pipe(
        debounceTime(10),
        map(({ amount }: Deposit) => amount),
      ),
    () => map(({ amount }) => amount),
    false,
  ],
]

const lawsByName = { crashesDoNotMatter, keysStayApart, speedDoesNotMatter, slowSinksLoseNothing, startsAreIndependent }

async function breachOf(checking: Promise<void>): Promise<WallarxError> {
  try {
    await checking
  } catch (error) {
    if (error instanceof WallarxError && error.code === 'LAW_BROKEN') return error
    throw error
  }
  throw new Error('no law was broken')
}

describe('planted bugs', () => {
  describe.each(planted)('%s', (_bug, law, broken, rightOne, keyed) => {
    const options = { input: deposits, ...(keyed && { key: account }) }

    test('is found within the default number of runs, by all laws together and by the one that is about it', async () => {
      const error = await breachOf(checkPipeline(broken, options))
      expect(error.message).toContain('input')
      expect(
        (await breachOf(lawsByName[law as keyof typeof lawsByName](broken, { ...options, key: account }))).where.law,
      ).toBe(law)
    })

    test('the test that is printed fails beside it, and passes beside the right implementation', async () => {
      const { message } = await breachOf(checkPipeline(broken, options))
      const text = pastedTestIn(message)
      await expect(runPasted(text, { build: broken }), text).rejects.toThrow()
      await runPasted(text, { build: rightOne })
    })

    test('the right implementation passes', () => checkPipeline(rightOne, options))
  })
})
