/** Every bridging guide, as a user runs it: a program of its own that asserts what it shows. */
import fc from 'fast-check'
import { from, lastValueFrom, toArray, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { byGroups, byState, type Balance, type Payment } from '../../examples/14-group-by-scan/groupByScan.ts'
import { noChromium } from '../support/chromium.ts'
import { startExample } from '../support/processes.ts'

async function runs(folder: string, shows: RegExp): Promise<void> {
  const program = startExample(folder)
  expect(await program.ended, program.stderr()).toBe(0)
  expect(program.stdout()).toMatch(shows)
  expect(program.stderr()).toBe('')
}

describe('the example', () => {
  test.each([
    ['08-subject-service', /BUFFER_OVERFLOW/],
    ['09-from-event', /fromEvent: +4096 frames.*\n.*BUFFER_OVERFLOW\n.*fromNodeStream: 4096 frames/],
    ['10-node-stream', /3 lines taken/],
    ['11-web-stream', /the server then saw closed/],
    ['13-mixing-operators', /shared: 1 subscription/],
    ['14-group-by-scan', /40000 balances, the same from both/],
  ])('%s runs to its end and shows what it says', { timeout: 60_000 }, runs)

  test.skipIf(noChromium !== undefined)(
    `12-native-observable runs to its end in Chromium${noChromium === undefined ? '' : ` (skipped: ${noChromium})`}`,
    { timeout: 60_000 },
    () => runs('12-native-observable', /^Chromium \d.* shows: Apples 1, Pears 1; Apples 2, Apples 3\n$/),
  )
})

describe('groupBy with scan, and toStatePartition in its place', () => {
  const payments = fc.array(fc.record({ account: fc.nat({ max: 5 }), amount: fc.integer() }))
  const balances = (of: (payments: Observable<Payment>) => Observable<Balance>, input: Payment[]): Promise<Balance[]> =>
    lastValueFrom(of(from(input)).pipe(toArray()))

  test('give the same outputs for each key, and in the same order over all keys', () =>
    fc.assert(
      fc.asyncProperty(payments, async (input) => {
        const expected = await balances(byGroups, input)
        const got = await balances(byState, input)
        for (const { account } of input) {
          const ofAccount = (all: Balance[]): Balance[] => all.filter((balance) => balance.account === account)
          expect(ofAccount(got)).toEqual(ofAccount(expected))
        }
        expect(got).toEqual(expected)
      }),
    ))
})
