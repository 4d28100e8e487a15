/**
 * An operator of one's own, held to the laws that ours are held to. Run it with
 *
 *   npx vitest run examples/15-test-your-operator
 *
 * What the last test expects is what a broken operator shows:
 *
FAILURE
 */
import fc from 'fast-check'
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
  const { lastValueFrom, of, toArray } = await import('rxjs')
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
  const check = subscriptionsAreIndependent(brokenDropRepeats, { messages: readings, seed: 1 })
  await expect(check).rejects.toThrow('in the second subscription to one pipeline')
})
