import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Aggregate } from '../../../../src/time/window/aggregate.ts'
import { noWindows, type WindowSettings } from '../../../../src/time/window/options.ts'
import { windowsComputation } from '../../../../src/time/window/kinds.ts'
import { counted } from '../../../../src/time/window/window.ts'
import * as any from '../../../time/arbitraries.ts'
import { definitionOf, gather, type Kept } from '../../../time/gathering.ts'
import { playTimed, type Played } from '../../../time/harness.ts'
import { windowsModel, type Event, type Message, type WindowOutput, type WindowRules } from '../../../time/model.ts'
import { windowCases } from '../../../time/vectors.ts'

const merging: Aggregate<Message, Kept, WindowOutput> = {
  ...gather,
  add: ({ v }, { values }) => ({ values: [...values, v] }),
  merge: (into, from) => ({ values: [...into.values, ...from.values] }),
}

function playWindows(
  events: readonly Event[],
  { window, outOfOrder, lateness = 0, emit = 'close' }: WindowRules,
  aggregate: Aggregate<Message, Kept, WindowOutput>,
  restarts?: ReadonlySet<number>,
  late?: WindowSettings<Message, Kept, WindowOutput>['late'],
): Played<WindowOutput> {
  const settings = { window: definitionOf(window), build: () => ({ values: [] }), lateness, late, emit }
  const computation = windowsComputation(settings, aggregate, 'windows')
  return playTimed(computation, noWindows, events, {
    outOfOrder,
    toInput: (message) => message,
    ...(restarts && { restarts }),
  })
}

/** Panes are merged in order of time, and not of arrival. */
const sorted = (outputs: readonly WindowOutput[]): WindowOutput[] =>
  outputs.map((output) => ({ ...output, values: [...output.values].sort() }))

describe('the cases that were worked by hand', () => {
  test.each(windowCases)('%s', (_, events, rules, outputs, late) => {
    expect(windowsModel(events, rules)).toEqual({ outputs, late })
    for (const aggregate of rules.window.kind === 'session' ? [merging] : [gather, merging]) {
      const played = playWindows(events, rules, aggregate)
      expect(sorted(played.outputs)).toEqual(sorted(outputs))
      expect(played.late).toEqual(late)
    }
  })
})

describe('windows give what the model gives', () => {
  test('tumbling and sliding, a state for each', () => {
    fc.assert(
      fc.property(
        any.events(),
        any.gridWindows,
        any.outOfOrder,
        any.lateness,
        fc.constantFrom('close', 'close', 'change'),
        any.restarts,
        (events, window, outOfOrder, lateness, emit, restarts) => {
          const rules: WindowRules = { window, outOfOrder, lateness, emit }
          const { outputs, late } = playWindows(events, rules, gather, restarts)
          expect({ outputs, late }).toEqual(windowsModel(events, rules))
        },
      ),
      { numRuns: any.runs },
    )
  })

  test('sliding, put together from panes', () => {
    fc.assert(
      fc.property(
        any.events(),
        any.gridWindows.filter(({ kind }) => kind === 'sliding'),
        any.outOfOrder,
        any.lateness,
        any.restarts,
        (events, window, outOfOrder, lateness, restarts) => {
          const rules: WindowRules = { window, outOfOrder, lateness }
          const { outputs, late } = playWindows(events, rules, merging, restarts)
          const model = windowsModel(events, rules)
          expect({ outputs: sorted(outputs), late }).toEqual({ outputs: sorted(model.outputs), late: model.late })
        },
      ),
      { numRuns: any.runs },
    )
  })

  test('sessions', () => {
    fc.assert(
      fc.property(
        any.events(),
        any.sessionWindows,
        any.outOfOrder,
        fc.constantFrom('close', 'close', 'change'),
        any.restarts,
        (events, window, outOfOrder, emit, restarts) => {
          const rules: WindowRules = { window, outOfOrder, emit }
          const { outputs, late } = playWindows(events, rules, merging, restarts)
          expect({ outputs, late }).toEqual(windowsModel(events, rules))
        },
      ),
      { numRuns: any.runs },
    )
  })

  test('whatever becomes of the late ones', () => {
    fc.assert(
      fc.property(any.events(), fc.oneof(any.gridWindows, any.sessionWindows), (events, window) => {
        const model = windowsModel(events, { window })
        expect(playWindows(events, { window }, merging, undefined, 'drop').late).toEqual([])
        const instead = ({ key, v }: Message): WindowOutput => ({
          key,
          start: NaN,
          end: NaN,
          values: [v],
          correction: false,
        })
        const { outputs } = playWindows(events, { window }, merging, undefined, instead)
        expect(outputs.filter(({ end }) => Number.isNaN(end))).toEqual(model.late.map(instead))
        expect(sorted(outputs.filter(({ end }) => !Number.isNaN(end)))).toEqual(sorted(model.outputs))
      }),
    )
  })
})

test('an entity has one timer, however many panes it has', () => {
  const events = Array.from({ length: 100 }, (_, t): Message => ({ key: 1, t, v: '' }))
  expect(playWindows(events, { window: { kind: 'sliding', size: 60, every: 1 } }, merging).timers).toBe(1)
})

test('counted windows are the messages of a key in their order, and at the end what there is', () => {
  fc.assert(
    fc.property(any.events(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (events, size, every) => {
      fc.pre(every <= size)
      const settings = { window: counted({ size, every }), build: () => ({ values: [] }), lateness: 0, late: undefined }
      const counting: WindowSettings<Message, Kept, never> = { ...settings, emit: 'close' }
      const computation = windowsComputation(counting, gather, 'counted')
      const { outputs } = playTimed(computation, noWindows, events, { toInput: (message) => message })
      const messages = events.filter((event) => 'key' in event)
      for (const key of [1, 2, 3]) {
        const values = messages.filter((message) => message.key === key).map(({ v }) => v)
        const expected = []
        for (let start = 0; start < values.length; start += every) {
          const window = { start, end: start + size, correction: false }
          expected.push({ key, ...window, values: values.slice(start, start + size) })
        }
        expect(outputs.filter((output) => output.key === key)).toEqual(expected)
      }
    }),
  )
})
