/**
 * A whole application under test: what it says, what it knows, and what a crash does to it. Run it with
 *
 *   npx vitest run examples/16-test-your-application
 *
 * What the last test expects is what a broken application shows:
 *
FAILURE
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { delimited } from 'wallarx'
import { checkPipeline, chunked, framed, testPipeline } from 'wallarx/testing'
import { brokenOverheating, overheating } from './overheating.ts'

const framing = delimited('\n')
const hot = Buffer.from('7 81\n')

test('warns of a sensor that is hot three times in a row', async () => {
  await using driver = await testPipeline(overheating(), { framing })
  driver.sendBytes(hot, hot, Buffer.from('7 20\n'), hot, hot)
  expect(driver.read()).toEqual([])
  driver.sendBytes(Buffer.from('nonsense\n7 '), Buffer.from('99.5\n'))
  expect(driver.read().join('')).toBe('sensor 7 is hot\n')
})

test('a crash between two readings changes nothing', async () => {
  await using driver = await testPipeline(overheating(), { framing })
  driver.sendBytes(hot)
  await driver.checkpoint()
  driver.sendBytes(hot)
  await driver.crash()
  await driver.restart(overheating())
  driver.sendBytes(hot)
  expect(driver.outputs().join('')).toBe('sensor 7 is hot\n')
  expect(driver.states().heat).toEqual(new Map([[7n, { hot: 3 }]]))
})

// Lines of few sensors, most of them hot, cut into chunks anywhere.
const line = fc
  .tuple(fc.integer({ min: 1, max: 2 }), fc.constantFrom(20, 81, 95))
  .map(([sensor, degrees]) => `${sensor} ${degrees}`)
const input = chunked(framed(fc.array(line, { maxLength: 10 }), framing).map(({ bytes }) => bytes))

test('keeps the laws, whatever is sent and whatever happens', () => checkPipeline(overheating, { input, framing }))

test('the broken one is found', async () => {
  const check = checkPipeline(brokenOverheating, { input, framing, seed: 1 })
  await expect(check).rejects.toThrow('expected that a pipeline that crashes and restarts anywhere')
})
