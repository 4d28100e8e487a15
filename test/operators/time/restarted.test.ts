/** What time it was for a step is known after a restart, whatever stands between it and the clocks. */
import fc from 'fast-check'
import { connect, filter, merge, type Observable, type OperatorFunction } from 'rxjs'
import { expect, test } from 'vitest'
import { statePartition } from 'wallarx'
import { eventTime, to, toStatePartition, toWindows } from 'wallarx/operators'
import { withFaults } from 'wallarx/testing'
import * as any from '../../time/arbitraries.ts'
import type { Message, WindowOutput, WindowRules } from '../../time/model.ts'
import { chunks } from './chunks.ts'
import { outputsOf } from './outputsOf.ts'
import { merging, windowRules, windowsOf, type Late } from './pipelines.ts'

type Between = OperatorFunction<Message, Message>
type Pipeline = (rules: WindowRules) => OperatorFunction<Message, WindowOutput | Late>

const later = (): Between =>
  to(
    async (message: Message) => {
      for (let turn = 0; turn < message.key; turn++) await Promise.resolve()
      return message
    },
    { concurrency: 2 },
  )

const laterByKey = (name: string): Between =>
  toStatePartition(
    async (message: Message): Promise<[Message, boolean]> => Promise.resolve([message, false]),
    statePartition(`${name} by key`, { key: ({ key }: Message) => key, build: () => ({}) }),
    { concurrency: 2 },
  )

const byTimers = (name: string): Between =>
  toStatePartition(
    {
      compute(message: Message, state: { last: Message | undefined }, timers): [Message, boolean] {
        state.last = message
        timers.set('again', message.t + 4)
        return [message, true]
      },
      onTimer: (_name, at, { last }): [Message, boolean] => [{ ...last!, t: at, v: `${last!.v} again` }, true],
    },
    statePartition(`${name} by timers`, {
      key: ({ key }: Message) => key,
      build: (): { last: Message | undefined } => ({ last: undefined }),
    }),
  )

const read = ({ outOfOrder = 0 }: WindowRules): Between => eventTime(({ t }: Message) => t, { outOfOrder })

/** Each side has a clock of its own; what comes of both is in windows. */
const ofTwoClocks =
  (left: () => Between, right: () => Between, both?: () => Between): Pipeline =>
  (rules) =>
    connect((all: Observable<Message>) => {
      const sideOf = (wanted: string, between: () => Between) =>
        all.pipe(
          filter(({ side }) => side === wanted),
          read(rules),
          between(),
        )
      const merged = merge(sideOf('left', left), sideOf('right', right))
      return (both === undefined ? merged : merged.pipe(both())).pipe(toWindows(merging, windowsOf(rules)))
    })

const nothing = (): Between => filter(() => true)

const pipelines: Readonly<Record<string, Pipeline>> = {
  nothing: ofTwoClocks(nothing, nothing),
  'an asynchronous step behind one clock': ofTwoClocks(later, nothing),
  'asynchronous steps behind both': ofTwoClocks(later, () => laterByKey('right')),
  'an asynchronous step behind what brings both together': ofTwoClocks(nothing, nothing, later),
  'a step with timers behind one': ofTwoClocks(() => byTimers('left'), nothing),
}

const input = withFaults(chunks(25))
type Events = typeof input extends fc.Arbitrary<infer Item> ? Item : never

/** What is inside an asynchronous step when something else happens may be another in a replay: nothing is replayed. */
const restarts = input.map((events) =>
  events.flatMap((event): Events => {
    if (!('fault' in event)) return [event]
    return event.fault === 'crash' ? [{ fault: 'checkpoint' }, event] : event.fault === 'restart' ? [event] : []
  }),
)

/** The left side is over when the right one goes on to 100, and begins again with 50: for windows it is 100. */
const beginsAgain: Events = [
  { message: { messages: [{ key: 1, t: 10, v: 'm0', side: 'left', origin: 'x' }] } },
  { message: { end: 'x' } },
  { message: { messages: [{ key: 1, t: 100, v: 'm1', side: 'right' }] } },
  { message: { messages: [{ key: 1, t: 50, v: 'm2', side: 'left' }] } },
  { fault: 'checkpoint' },
  { fault: 'crash' },
  { message: { messages: [{ key: 1, t: 60, v: 'm3', side: 'right' }] } },
]
const tens: WindowRules = { window: { kind: 'tumbling', size: 10, offset: 0 } }

test.each(Object.entries(pipelines))(
  'a step goes on at the time it was at: %s in between',
  async (_, pipeline) => {
    await fc.assert(
      fc.asyncProperty(restarts, windowRules, async (events, rules) => {
        const undisturbed = events.filter((event) => !('fault' in event))
        const expected = await outputsOf(undisturbed, () => pipeline(rules))
        expect(await outputsOf(events, () => pipeline(rules))).toEqual(expected)
      }),
      { numRuns: Math.ceil(any.runs / 2), examples: [[beginsAgain, tens]] },
    )
  },
  60_000 + 200 * any.runs,
)
