/** All at once: random events, origins, options, chunks, checkpoints, crashes, restarts and sinks that are slow. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withFaults } from 'wallarx/testing'
import * as any from '../../time/arbitraries.ts'
import type { Event, JoinRules } from '../../time/model.ts'
import { chunks, eventsIn } from './chunks.ts'
import { outputsOf } from './outputsOf.ts'
import {
  joinPipeline,
  joinRules,
  pairsExpected,
  pairsGiven,
  windowRules,
  windowsExpected,
  windowsGiven,
  windowsPipeline,
} from './pipelines.ts'

/** Some 20 events each: more than ten thousand in CI, and with `npm run laws` a million. */
const runs = Math.max(any.runs, 700)
const timeout = 60_000 + 200 * runs

const input = withFaults(chunks(40))
const caches = fc.constantFrom(undefined, 1)
type Events = typeof input extends fc.Arbitrary<infer Item> ? Item : never

const eventsOf = (events: Events): Event[] =>
  eventsIn(events.flatMap((event) => ('message' in event ? [event.message] : [])))

test(
  'windows give what the model gives',
  async () => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(input, windowRules, caches, async (events, rules, cache) => {
        count += eventsOf(events).length
        const outputs = await outputsOf(events, () => windowsPipeline(rules, cache))
        expect(windowsGiven(outputs)).toEqual(windowsExpected(eventsOf(events), rules))
      }),
      { numRuns: runs },
    )
    expect(count).toBeGreaterThan(14 * runs)
  },
  timeout,
)

/** The origin of one side has ended when a late message begins another: in a replay, within one chunk. */
const endedWithinChunk: [Events, JoinRules, undefined] = [
  [
    { message: { messages: [{ key: 1, t: -21, v: 'm0', side: 'left', origin: 'x' }] } },
    { message: { messages: [{ key: 1, t: -20, v: 'm1', side: 'right' }] } },
    { message: { end: 'x' } },
    { message: { messages: [{ key: 1, t: -21, v: 'm2', side: 'left' }] } },
    { fault: 'crash' },
  ],
  { before: 0, after: 0, outOfOrder: 0, unmatched: false },
  undefined,
]

/** The same, and then a checkpoint and a crash, after which another one is late as well. */
const endedBeforeCheckpoint: [Events, JoinRules, undefined] = [
  [
    { message: { messages: [{ key: 1, t: -10, v: 'm0', side: 'right', origin: 'x' }] } },
    { message: { end: 'x' } },
    { message: { messages: [{ key: 1, t: 0, v: 'm1', side: 'left' }] } },
    { message: { messages: [{ key: 1, t: -1, v: 'm2', side: 'right' }] } },
    { fault: 'checkpoint' },
    { fault: 'crash' },
    { message: { messages: [{ key: 1, t: 4, v: 'm3', side: 'left' }] } },
    { message: { messages: [{ key: 1, t: -1, v: 'm4', side: 'left' }] } },
  ],
  { before: 0, after: 0, outOfOrder: 0, unmatched: false },
  undefined,
]

test(
  'joins give what the model gives',
  async () => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(input, joinRules, caches, async (events, rules, cache) => {
        count += eventsOf(events).length
        const outputs = await outputsOf(events, () => joinPipeline(rules, cache))
        expect(pairsGiven(outputs)).toEqual(pairsExpected(eventsOf(events), rules))
      }),
      { numRuns: runs, examples: [endedWithinChunk, endedBeforeCheckpoint] },
    )
    expect(count).toBeGreaterThan(14 * runs)
  },
  timeout,
)
