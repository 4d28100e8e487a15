import fc from 'fast-check'
import { map, scan } from 'rxjs'
import { expect, test } from 'vitest'
import { statePartition, type WallarxError } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { checkPipeline, messages, workersDoNotMatter } from 'wallarx/testing'
import { pastedTestIn, runPasted } from '../pasted.ts'

type Note = readonly [account: bigint, n: number]

const key = ([account]: Note): bigint => account
const input = messages({ keys: 3, message: (account) => fc.tuple(fc.constant(account), fc.nat(9)), maxLength: 12 })
const counting = () =>
  toStatePartition(
    ([account, n]: Note, state: { count: number }) => [`${account}: ${n} is number ${++state.count}`, true],
    statePartition('counts', { key, build: () => ({ count: 0 }) }),
  )
/** Counts where the source is, and not where the entity is. */
const inMemory = () => {
  const counts = new Map<bigint, number>()
  return map(([account, n]: Note) => {
    counts.set(account, (counts.get(account) ?? 0) + 1)
    return `${account}: ${n} is number ${counts.get(account)!}`
  })
}

async function breachOf(checking: Promise<void>): Promise<WallarxError> {
  const error: unknown = await checking.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ code: 'LAW_BROKEN', where: { law: 'workersDoNotMatter' } })
  return error as WallarxError
}

test('a state in memory is found, with a test that fails beside it, not beside the right one', async () => {
  const { message } = await breachOf(workersDoNotMatter(inMemory, { input, key, seed: 1 }))
  expect(message).toMatch(/workers at first: \d, group protocol/)
  const text = pastedTestIn(message)
  await expect(runPasted(text, { build: inMemory, key }), text).rejects.toThrow()
  await runPasted(text, { build: counting, key })
}, 60_000)

test('without a key all outputs are in one order', async () => {
  const numbers = fc.array(fc.nat(9), { maxLength: 8 })
  const summing = () =>
    toStatePartition(
      (n: number, state: { total: number }) => [(state.total += n), true],
      statePartition('sum', { key: () => 0, build: () => ({ total: 0 }) }),
    )
  await workersDoNotMatter(summing, { input: numbers, runs: 20 })
  const { message } = await breachOf(
    workersDoNotMatter(() => scan((sum: number, n: number) => sum + n, 0), { input: numbers, seed: 1 }),
  )
  const text = pastedTestIn(message)
  await runPasted(text, { build: summing })
}, 60_000)

test('a message that cannot go to another worker is found by checkPipeline, and nothing else finds it', async () => {
  class Account {
    readonly n: number
    constructor(n: number) {
      this.n = n
    }
  }
  const build = () =>
    toStatePartition(
      ({ n }: Account, state: { count: number }) => [`${n}: ${++state.count}`, true],
      statePartition('accounts', { key: ({ n }: Account) => n, build: () => ({ count: 0 }) }),
    )
  const options = {
    input: fc.array(
      fc.nat(2).map((n) => new Account(n)),
      { maxLength: 5 },
    ),
    key: ({ n }: Account) => n,
    runs: 20,
  }
  await breachOf(checkPipeline(build, options))
  await checkPipeline(build, { ...options, except: ['workersDoNotMatter'] })
}, 60_000)
