import fc from 'fast-check'
import {
  bufferCount,
  catchError,
  concat,
  debounceTime,
  EMPTY,
  exhaustMap,
  map,
  mergeMap,
  NEVER,
  Observable,
  pipe,
  type OperatorFunction,
} from 'rxjs'
import { describe, expect, test } from 'vitest'
import { lengthPrefixed, statePartition, utf8, WallarxError, type Serde } from 'wallarx'
import { decode, frame, to, toState, toStatePartition } from 'wallarx/operators'
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
} from 'wallarx/testing'
import { pastedTestIn, runPasted } from '../pasted.ts'

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
const sleeping = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const dropsUndefined: Serde<Account> = {
  serialize: (state) => Buffer.from(JSON.stringify(state)),
  deserialize: (bytes) => JSON.parse(String(bytes)) as Account,
}

const lawsByName = { crashesDoNotMatter, keysStayApart, speedDoesNotMatter, slowSinksLoseNothing, startsAreIndependent }

/** Each with the law that finds it first, and the right implementation of the same thing. */
const planted: [bug: string, law: keyof typeof lawsByName, broken: Build, right: Build, keyed: boolean][] = [
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

async function breachOf(checking: Promise<void>): Promise<WallarxError> {
  try {
    await checking
  } catch (error) {
    if (error instanceof WallarxError && error.code === 'LAW_BROKEN') return error
    throw error
  }
  throw new Error('no law was broken')
}

describe('planted bugs', { timeout: 60_000 }, () => {
  describe.each(planted)('%s', (_bug, law, broken, rightOne, keyed) => {
    const options = { input: deposits, ...(keyed && { key: account }) }

    test('is found within the default number of runs, by the law that is about it', async () => {
      expect((await breachOf(lawsByName[law](broken, { ...options, key: account }))).where.law).toBe(law)
    })

    test('is found by all laws together, with a test that fails beside it, not beside the right one', async () => {
      const { message } = await breachOf(checkPipeline(broken, options))
      const text = pastedTestIn(message)
      await expect(runPasted(text, { build: broken }), text).rejects.toThrow()
      await runPasted(text, { build: rightOne })
    })

    test('the right implementation passes', () => checkPipeline(rightOne, { ...options, runs: 50 }))
  })
})

describe('input of bytes', { timeout: 60_000 }, () => {
  const lines = framed(fc.array(fc.string({ maxLength: 5 }), { maxLength: 6 }), lengthPrefixed(1))
  const input = chunked(lines.map(({ bytes }) => bytes))
  const counting = () =>
    toState(
      (line: string, state: { bytes: number }) => [(state.bytes += line.length), true],
      statePartition('bytes', { build: () => ({ bytes: 0 }) }),
    )

  test('chunks are cut at the source, and a crash inside a frame harms nothing', () =>
    checkPipeline(() => pipe(decode(utf8), counting()), { input, framing: lengthPrefixed(1) }))

  test('a pipeline that cuts by itself loses what it had of a frame in a crash', async () => {
    const cutting = () => pipe(frame(lengthPrefixed(1)), decode(utf8), counting())
    await checkPipeline(cutting, { input, chunks: true, except: ['crashesDoNotMatter', 'speedDoesNotMatter'] })
    const { message, where } = await breachOf(crashesDoNotMatter(cutting, { input }))
    expect(where.law).toBe('crashesDoNotMatter')
    await expect(runPasted(pastedTestIn(message), { build: cutting })).rejects.toThrow()
  })

  test('a pipeline that takes chunks for frames is found', async () => {
    const broken = () => pipe(decode(utf8), counting())
    const { message, where } = await breachOf(
      checkPipeline(broken, { input, chunks: true, except: ['crashesDoNotMatter'] }),
    )
    expect(where.law).toBe('cuttingDoesNotMatter')
    await expect(runPasted(pastedTestIn(message), { build: broken })).rejects.toThrow()
  })
})

describe('what a failure shows', { timeout: 60_000 }, () => {
  const lying = () =>
    toState(
      (n: number, state: { total: number }) => [(state.total += n), false],
      statePartition('sum', { build: () => ({ total: 0 }) }),
    )

  test('is the smallest input as events, as marbles and as a test', async () => {
    const { message } = await breachOf(
      checkPipeline(lying, { input: fc.array(fc.integer({ min: 1, max: 9 })), seed: 1 }),
    )
    const report = message.replace(/found in run .*:/, 'found:').replace(/To repeat it: .*/, '')
    expect(report)
      .toBe(`expected that a pipeline that crashes and restarts anywhere gives what an undisturbed one gives, \
got state of sum, key 0: nothing, or as it was built, in place of { total: 1 } (law: crashesDoNotMatter)

The smallest input that shows it, found:

  1. message 1

  input     a-|
  expected  A-|
  got       A-|

  a  1
  A  1

  As a test, to be pasted beside \`build\`, which makes the pipeline:

  import assert from 'node:assert/strict'
  import { test } from 'vitest'
  import { play, testPipeline, type PipelineEvent } from 'wallarx/testing'

  test('a pipeline that crashes and restarts anywhere gives what an undisturbed one gives', async () => {
    const events: PipelineEvent<any>[] = [
      { message: 1 },
    ]
    const messages = events.filter((event) => 'message' in event)

    const undisturbed = await testPipeline(build())
    await play(undisturbed, messages)
    await undisturbed.end()
    const expected = { outputs: undisturbed.outputs(), states: undisturbed.states() }
    await undisturbed.close()

    const driver = await testPipeline(build(), { delivery: 'exactly once' })
    await play(driver, events, { build })
    await driver.end()
    const outputs = driver.outputs()
    await driver.restart(build()) // what it knows now is what is in the store
    const got = { outputs, states: driver.states() }
    await driver.close()
    assert.deepEqual(got, expected)
  })

`)
  })

  test('the same seed shows the same', async () => {
    const options = { input: deposits, seed: 7 }
    const broken = () => pipe(depositing(), bufferCount(2))
    const [one, other] = [
      await breachOf(checkPipeline(broken, options)),
      await breachOf(checkPipeline(broken, options)),
    ]
    expect(one.message).toBe(other.message)
  })

  test('a computation that throws breaks the law with its error, unless it is to be skipped', async () => {
    const picky = () =>
      to(({ amount }: Deposit) => {
        if (amount === 3) throw new RangeError('three')
        return amount
      })
    const error = await breachOf(checkPipeline(picky, { input: deposits }))
    expect(error.message).toContain('RangeError: three')
    expect(error.message).toContain('amount: 3')
    await expect(runPasted(pastedTestIn(error.message), { build: picky })).rejects.toThrow('three')
    await checkPipeline(picky, { input: deposits, onError: 'skip' })
  })

  test('an operator that makes an end of an error is found', async () => {
    const broken: Build = () => catchError(() => EMPTY)
    const { where, message } = await breachOf(checkPipeline(broken, { input: deposits }))
    expect(where.law).toBe('errorsComeOnce')
    await expect(runPasted(pastedTestIn(message), { build: broken })).rejects.toThrow()
  })

  test('an operator that swallows the end is found', async () => {
    const broken: Build = () => (source) => concat(source, NEVER)
    const { where, message } = await breachOf(checkPipeline(broken, { input: deposits, timeout: 200 }))
    expect(where.law).toBe('startsAreIndependent')
    expect(message).toContain('no end of the run within 200 ms')
  })

  test('a textbook operator that does not stop its source is found', async () => {
    const broken: Build = () => (source) =>
      new Observable((subscriber) =>
        source.subscribe({
          next: (one) => subscriber.next(one),
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      )
    const { where, message } = await breachOf(checkPipeline(broken, { input: deposits }))
    expect(where.law).toBe('takeStopsTheSource')
    await expect(runPasted(pastedTestIn(message), { build: broken })).rejects.toThrow()
  })
})

test('options are checked', async () => {
  await expect(
    checkPipeline(depositing as never, { input: deposits, except: ['gravity' as never] }),
  ).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  })
  await expect(checkPipeline(undefined as never, { input: deposits })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
})
