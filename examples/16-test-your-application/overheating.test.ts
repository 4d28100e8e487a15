/**
 * A whole application under test: what it says, what it knows, and what a crash does to it. Run it with
 *
 *   npx vitest run examples/16-test-your-application
 *
 * What the last test expects is what a broken application shows:
 *
 * WallarxError: expected that a pipeline that crashes and restarts anywhere gives what an undisturbed one gives, got
 * outputs[0]: nothing in place of bytes "sensor 1 is hot\n"
 *   got:      []
 *   expected: [bytes "sensor 1 is hot\n"] (law: crashesDoNotMatter)
 *
 * The smallest input that shows it, found in run 11 of 100 and made smaller 37 times:
 *
 *   1. message bytes "1 95\n"
 *   2. stop in order, and start again
 *   3. message bytes ""
 *   4. message bytes "1 95\n1 95\n"
 *
 *   input     a-↻-b-c-|
 *   expected  ------A-|
 *   got       --------|
 *
 *   a  bytes "1 95\n"
 *   ↻  a stop and a start
 *   b  bytes ""
 *   c  bytes "1 95\n1 95\n"
 *   A  bytes "sensor 1 is hot\n"
 *
 *   As a test, to be pasted beside `build`, which makes the pipeline:
 *
 *   import assert from 'node:assert/strict'
 *   import { test } from 'vitest'
 *   import { play, testPipeline, type PipelineEvent } from 'wallarx/testing'
 *
 *   test('a pipeline that crashes and restarts anywhere gives what an undisturbed one gives', async () => {
 *     const events: PipelineEvent<any>[] = [
 *       { message: Buffer.from("1 95\n") },
 *       { fault: 'restart' },
 *       { message: Buffer.from("") },
 *       { message: Buffer.from("1 95\n1 95\n") },
 *     ]
 *     const messages = events.filter((event) => 'message' in event)
 *
 *     const undisturbed = await testPipeline(build(), { framing })
 *     await play(undisturbed, messages)
 *     await undisturbed.end()
 *     const expected = { outputs: undisturbed.outputs(), states: undisturbed.states() }
 *     await undisturbed.close()
 *
 *     const driver = await testPipeline(build(), { delivery: 'exactly once', framing })
 *     await play(driver, events, { build })
 *     await driver.end()
 *     const outputs = driver.outputs()
 *     await driver.restart(build()) // what it knows now is what is in the store
 *     const got = { outputs, states: driver.states() }
 *     await driver.close()
 *     assert.deepEqual(got, expected)
 *   })
 *
 * To repeat it:
 * { seed: 1, path: '10:4:2:6:5:19:1:0:3:7:8:9:8:9:9:8:8:9:8:8:9:11:10:10:10:10:10:10:10:10:11:11:10:13:15:14:14:16' }
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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
  const failure = await checkPipeline(brokenOverheating, { input, framing, seed: 1 }).then(() => '', String)
  // To the letter, but for where lines break: it stands at the top of this file.
  expect(failure).not.toBe('')
  const comment = readFileSync(fileURLToPath(import.meta.url), 'utf8').replaceAll(/^ \* ?/gm, '')
  expect(comment.replaceAll(/\s+/g, ' ')).toContain(failure.replaceAll(/\s+/g, ' '))
})
