import fc from 'fast-check'
import { from } from 'rxjs'
import { expect, test } from 'vitest'
import { toAsyncIterable } from 'wallarx'
import * as ix from 'wallarx/operators/ix'
import * as any from '../../time/arbitraries.ts'
import { joinModel, type Message } from '../../time/model.ts'
import { joinOptions, joinPipeline, joinRules, pairsExpected, pairsGiven } from './pipelines.ts'
import { ofOneOrigin, playThrough, playWithCrashes, possible } from './played.ts'

test('joinWithin gives what the model gives', () => {
  fc.assert(
    fc.property(any.events(), joinRules, (given, rules) => {
      const events = possible(given)
      expect(pairsGiven(playThrough(events, joinPipeline(rules)))).toEqual(pairsExpected(events, rules))
    }),
    { numRuns: any.runs },
  )
})

test('what waits survives a crash', async () => {
  await fc.assert(
    fc.asyncProperty(
      any.events(25),
      joinRules,
      fc.array(fc.nat(25)),
      fc.array(fc.nat(25)),
      async (given, rules, crashes, checkpoints) => {
        const messages = ofOneOrigin(given)
        const outputs = await playWithCrashes(messages, () => joinPipeline(rules), { crashes, checkpoints })
        expect(pairsGiven(outputs)).toEqual(pairsExpected(messages, rules))
      },
    ),
    { numRuns: 50 },
  )
})

test('an Ix pipeline finds the same pairs, and nobody is late who is in order', async () => {
  await fc.assert(
    fc.asyncProperty(any.events(), fc.nat(10), fc.nat(10), async (given, before, after) => {
      const messages = ofOneOrigin(given).sort((one, other) => one.t - other.t)
      const of = (wanted: string): AsyncIterable<Message> =>
        toAsyncIterable(from(messages.filter(({ side }) => side === wanted)))
      const rules = { before, after, unmatched: true }
      const outputs: unknown[] = []
      for await (const pair of ix.joinWithin(of('right'), joinOptions(rules))(of('left'))) outputs.push(pair)
      // In which order they are pulled is up to ix.
      const sorted = (pairs: readonly unknown[]): string[] => pairs.map((pair) => JSON.stringify(pair)).sort()
      expect(sorted(outputs)).toEqual(sorted(joinModel(messages, { ...rules, outOfOrder: 10_000 }).outputs))
    }),
  )
})

test('an Ix pipeline says what has met nothing while its sides go on', async () => {
  let tell = (): void => undefined
  const told = new Promise<void>((resolve) => (tell = resolve))
  async function* of(side: 'left' | 'right', key: number): AsyncGenerator<Message> {
    yield { key, t: 0, v: `first ${side}`, side }
    yield { key, t: 1000, v: `second ${side}`, side }
    await told
  }
  const rules = { after: 10, unmatched: true }
  const outputs: unknown[] = []
  for await (const output of ix.joinWithin(of('right', 2), joinOptions(rules))(of('left', 1))) {
    outputs.push(output)
    tell()
  }
  expect(outputs).toEqual([
    { key: 1, left: 'first left', right: undefined },
    { key: 1, left: 'second left', right: undefined },
  ])
})

test('both sides that end at once do not make each other late', () => {
  const message = (side: 'left' | 'right', t: number): Message => ({ key: 1, t, v: `${side} at ${t}`, side })
  const events = [
    { ...message('right', -10), origin: 'y' },
    { ...message('left', -11), origin: 'y' },
    { end: 'y' },
    message('left', -11),
  ]
  expect(pairsGiven(playThrough(events, joinPipeline({})))).toEqual({ outputs: [], late: [] })
  expect(pairsExpected(events, {})).toEqual({ outputs: [], late: [] })
})
