import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joining, nothingWaits, type Sided } from '../../../../src/time/join/joining.ts'
import { justAfter } from '../../../../src/time/join/kept.ts'
import * as any from '../../../time/arbitraries.ts'
import { playTimed, type Played } from '../../../time/harness.ts'
import { joinModel, type Event, type JoinRules, type Message, type Pair } from '../../../time/model.ts'
import { joinCases } from '../../../time/vectors.ts'

function playJoin(
  events: readonly Event[],
  { before = 0, after = 0, outOfOrder, unmatched = false }: JoinRules,
  restarts?: ReadonlySet<number>,
): Played<Pair> {
  const combine = (left: Message, right: Message | undefined): Pair => ({
    key: left.key,
    left: left.v,
    right: right?.v,
  })
  const computation = joining<Message, Message, Pair, never>(
    { before, after, unmatched, late: undefined, combine },
    'join',
  )
  return playTimed(computation, nothingWaits, events, {
    outOfOrder,
    toInput: (message): Sided<Message, Message> => ({ side: message.side!, message, t: message.t }),
    ...(restarts && { restarts }),
  })
}

describe('the cases that were worked by hand', () => {
  test.each(joinCases)('%s', (_, events, rules, outputs, late) => {
    expect(joinModel(events, rules)).toEqual({ outputs, late })
    expect(playJoin(events, rules)).toMatchObject({ outputs, late })
  })
})

test('a join gives what the model gives', () => {
  fc.assert(
    fc.property(
      any.events(),
      any.outOfOrder,
      fc.nat(10),
      fc.nat(10),
      fc.boolean(),
      any.restarts,
      (events, outOfOrder, before, after, unmatched, restarts) => {
        const rules = { outOfOrder, before, after, unmatched }
        const { outputs, late } = playJoin(events, rules, restarts)
        expect({ outputs, late }).toEqual(joinModel(events, rules))
      },
    ),
    { numRuns: any.runs },
  )
})

test('between a time and the one just after it is none', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -1e16, max: 1e16 }), (time) => {
      const after = justAfter(time)
      expect(after).toBeGreaterThan(time)
      expect([time, after]).toContain(time + (after - time) / 2)
    }),
  )
})
