import fc from 'fast-check'
import { from } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toAsyncIterable } from 'wallarx'
import * as ix from 'wallarx/operators/ix'
import { checklist } from '../checklist.ts'
import { rx } from '../twin.ts'
import * as any from '../../time/arbitraries.ts'
import type { Message, WindowOutput } from '../../time/model.ts'
import {
  merging,
  windowRules,
  windowsExpected,
  windowsGiven,
  windowsOf,
  windowsPipeline,
  type Late,
} from './pipelines.ts'
import { ofOneOrigin, playThrough, playWithCrashes, possible } from './played.ts'

checklist('toWindows', rx)

describe('toWindows gives what the model gives', () => {
  test('for messages of origins that come and go', () => {
    fc.assert(
      fc.property(any.events(), windowRules, (given, rules) => {
        const events = possible(given)
        expect(windowsGiven(playThrough(events, windowsPipeline(rules)))).toEqual(windowsExpected(events, rules))
      }),
      { numRuns: any.runs },
    )
  })

  test('pulled by an Ix pipeline', async () => {
    await fc.assert(
      fc.asyncProperty(any.events(), windowRules, async (given, rules) => {
        const messages = given.flatMap((event) => ('end' in event ? [] : [{ ...event, origin: undefined }]))
        const timed = ix.eventTime((message: Message) => message.t, { outOfOrder: rules.outOfOrder ?? 0 })
        const outputs: (WindowOutput | Late)[] = []
        const pulled = ix.toWindows(merging, windowsOf(rules))(timed(toAsyncIterable(from(messages))))
        for await (const output of pulled) outputs.push(output)
        expect(windowsGiven(outputs)).toEqual(windowsExpected(messages, rules))
      }),
    )
  })
})

test('windows that are open survive a crash', async () => {
  await fc.assert(
    fc.asyncProperty(
      any.events(25),
      windowRules,
      fc.array(fc.nat(25)),
      fc.array(fc.nat(25)),
      async (given, rules, crashes, checkpoints) => {
        const messages = ofOneOrigin(given)
        const outputs = await playWithCrashes(messages, () => windowsPipeline(rules), { crashes, checkpoints })
        expect(windowsGiven(outputs)).toEqual(windowsExpected(messages, rules))
      },
    ),
    { numRuns: 50 },
  )
})
