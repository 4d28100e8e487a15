/**
 * An operator of one's own, held to the laws that ours are held to. Run it with
 *
 *   npx vitest run examples/15-test-your-operator
 *
 * What the last test expects is what a broken operator shows:
 *
 * WallarxError: expected that each subscription sees what it would see if there were no other, got after a subscription
 * that was abandoned, outputs[0]: nothing in place of { sensor: 1, degrees: 20 }
 *   got:      []
 *   expected: [ { sensor: 1, degrees: 20 } ] (law: subscriptionsAreIndependent)
 *
 * The smallest input that shows it, found in run 1 of 100 and made smaller 6 times:
 *
 *   {"first":[],"second":[{"sensor":1,"degrees":20}]}
 *
 * To repeat it: { seed: 1, path: '0:0:0:7:0:1:1' }
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { lastValueFrom, of, toArray } from 'rxjs'
import { expect, test } from 'vitest'
import {
  errorsComeOnce,
  keysAreIndependent,
  messages,
  subscriptionsAreIndependent,
  takeStopsTheSource,
  teardownHappensOnce,
} from 'wallarx/testing'
import { brokenDropRepeats, dropRepeats } from './dropRepeats.ts'

// Few sensors and few degrees, so that there are repeats.
const readings = messages({
  keys: fc.integer({ min: 1, max: 3 }),
  message: (sensor) => fc.record({ sensor: fc.constant(sensor), degrees: fc.integer({ min: 20, max: 22 }) }),
})

test('it drops repeats', async () => {
  const given = [21, 21, 22, 21].map((degrees) => ({ sensor: 1, degrees }))
  const kept = await lastValueFrom(of(...given).pipe(dropRepeats(), toArray()))
  expect(kept.map(({ degrees }) => degrees)).toEqual([21, 22, 21])
})

test('subscriptions see nothing of each other', () => subscriptionsAreIndependent(dropRepeats, { messages: readings }))

test('sensors see nothing of each other', () =>
  keysAreIndependent(dropRepeats, {
    messages: readings,
    key: ({ sensor }) => sensor,
    outputKey: ({ sensor }) => sensor,
  }))

test('an error comes once', () => errorsComeOnce(dropRepeats, { messages: readings }))

test('take(n) stops the source', () => takeStopsTheSource(dropRepeats, { messages: readings }))

test('it lets go of its source', () => teardownHappensOnce(dropRepeats, { messages: readings }))

test('the broken one is found', async () => {
  const failure = await subscriptionsAreIndependent(brokenDropRepeats, { messages: readings, seed: 1 }).then(
    () => '',
    String,
  )
  // To the letter, but for where lines break: it stands at the top of this file.
  expect(failure).not.toBe('')
  const comment = readFileSync(fileURLToPath(import.meta.url), 'utf8').replaceAll(/^ \* ?/gm, '')
  expect(comment.replaceAll(/\s+/g, ' ')).toContain(failure.replaceAll(/\s+/g, ' '))
})
