import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { Breach, checkLaw, type Law } from 'wallarx/testing'
import { WallarxError } from '../../../../src/base/errors.ts'

const small: Law<number> = {
  law: 'numbers are small',
  where: { law: 'small' },
  input: fc.nat(),
  holds(number) {
    if (number > 100) throw new Breach(`the number ${number}`)
  },
}

async function breachOf<Input>(law: Law<Input>): Promise<WallarxError> {
  const error: unknown = await checkLaw(law).catch((thrown: unknown) => thrown)
  if (error instanceof WallarxError) return error
  throw new Error(`the law held, or threw something else: ${String(error)}`)
}

afterEach(() => {
  vi.unstubAllEnvs()
})

test('a law that holds is tried 100 times, or as often as it is told', async () => {
  let runs = 0
  const law = {
    law: 'all is well',
    input: fc.nat(),
    holds: () => {
      runs++
    },
  }
  await checkLaw(law)
  expect(runs).toBe(100)
  await checkLaw({ ...law, options: { runs: 7 } })
  expect(runs).toBe(107)
})

test('a broken law says what it is, what was got, the smallest input, and how to repeat it', async () => {
  const error = await breachOf({ ...small, options: { seed: 5 } })
  expect(error).toMatchObject({
    code: 'LAW_BROKEN',
    kind: 'user code',
    expected: 'that numbers are small',
    got: 'the number 101',
    where: { law: 'small' },
  })
  const lines = error.message.split('\n')
  expect(lines[0]).toBe('expected that numbers are small, got the number 101 (law: small)')
  expect(lines[2]).toMatch(/^The smallest input that shows it, found in run \d+ of 100 and made smaller \d+ times:$/)
  expect(lines[4]).toBe('  101')
  expect(lines[6]).toMatch(/^To repeat it: \{ seed: 5, path: '[\d:]+' \}$/)
  expect(error.at({ pipeline: 'p' }).message).toContain('\n  101\n')
})

test('seed and path lead straight to the same input', async () => {
  const first = await breachOf(small)
  const [, seed, path] = /seed: (-?\d+), path: '([\d:]+)'/.exec(first.message)!
  const tried: number[] = []
  const again = await breachOf({
    ...small,
    holds(number) {
      tried.push(number)
      return small.holds(number)
    },
    options: { seed: Number(seed), path: path! },
  })
  expect(tried[0]).toBe(101)
  expect(again.got).toBe(first.got)
})

test('the seed comes from the option, the environment, the configuration of fast-check, or nowhere', async () => {
  const inputs = async (options: Law<number>['options']): Promise<number[]> => {
    const seen: number[] = []
    await checkLaw({ law: 'all is well', input: fc.nat(), holds: (number) => void seen.push(number), options })
    return seen
  }
  const ofSeed7 = await inputs({ seed: 7 })
  vi.stubEnv('WALLARX_SEED', '7')
  expect(await inputs({})).toEqual(ofSeed7)
  expect(await inputs({ seed: 8 })).not.toEqual(ofSeed7)
  vi.stubEnv('WALLARX_SEED', '')
  const configured = fc.readConfigureGlobal()
  try {
    fc.configureGlobal({ ...configured, seed: 7 })
    expect(await inputs({})).toEqual(ofSeed7)
    fc.configureGlobal({})
    expect(await inputs({})).not.toEqual(await inputs({}))
  } finally {
    fc.configureGlobal(configured)
  }
})

test.each([{ seed: 1.5 }, { runs: 0 }, { timeout: -1 }])('the option %j is OPTION_INVALID', async (options) => {
  expect(await breachOf({ ...small, options })).toMatchObject({ code: 'OPTION_INVALID' })
})

test('a seed in the environment that is no number is OPTION_INVALID', async () => {
  vi.stubEnv('WALLARX_SEED', 'today')
  expect(await breachOf(small)).toMatchObject({ code: 'OPTION_INVALID' })
})

test('the cause is what was thrown, or what led to the breach', async () => {
  const cause = new RangeError('below')
  const law = { law: 'all is well', input: fc.nat() }
  const threw = await breachOf({
    ...law,
    holds() {
      throw cause
    },
  })
  expect(threw.cause).toBe(cause)
  expect(threw.got).toBe('RangeError: below')
  const rejected = await breachOf({ ...law, holds: () => Promise.reject(new Breach('a failure', { cause })) })
  expect(rejected.cause).toBe(cause)
  expect(rejected.got).toBe('a failure')
})

test('a law may show its inputs in paragraphs of its own', async () => {
  const error = await breachOf({
    ...small,
    show: async (number, thrown) => `the number\n\n${number}, ${(thrown as Breach).message}`,
  })
  expect(error.message).toContain(':\n\n  the number\n\n  101, the number 101\n\nTo repeat')
})

test('an input that cannot be shown so is shown in some way', async () => {
  const error = await breachOf({
    ...small,
    show() {
      throw new Error('not today')
    },
  })
  expect(error.message).toContain('\n  101\n')
})

test('a run that does not end breaks the law, and is not waited for again and again', async () => {
  let runs = 0
  const error = await breachOf({
    ...small,
    holds: (number) => (number > 100 ? (runs++, new Promise<never>(() => undefined)) : undefined),
    options: { timeout: 1 },
  })
  expect(error.got).toBe('no end of the run within 1 ms')
  expect(runs).toBeLessThan(6)
})

test('a process that gets no time for a while does not break the law', async () => {
  const word = new Int32Array(new SharedArrayBuffer(4))
  await checkLaw({
    law: 'a run ends',
    input: fc.constant('any'),
    async holds() {
      Atomics.wait(word, 0, 0, 300) // stands for a machine that does something else
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    },
    options: { timeout: 200, runs: 1 },
  })
})

test('a law that applies to hardly any input is no law that holds', async () => {
  const error = await breachOf({
    ...small,
    holds() {
      fc.pre(false)
    },
  })
  expect(error).toMatchObject({ code: 'LAW_BROKEN', got: expect.stringMatching(/^no more than 0 inputs that apply/) })
})

test('an input that user code has changed is named as it is', async () => {
  const error = await breachOf({
    law: 'all is well',
    input: fc.array(fc.nat(), { minLength: 3 }),
    holds(numbers) {
      numbers.push(1)
      throw new Breach('a failure')
    },
  })
  expect(error.got).toBe('a failure')
  expect(error.message).toContain('found in run 1 of 100')
})
