import fc from 'fast-check'
import { from, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toAsyncIterable, windowed } from 'wallarx'
import { eventTime, toWindows } from 'wallarx/operators'
import * as ix from 'wallarx/operators/ix'
import { checklist } from '../checklist.ts'
import { rx } from '../twin.ts'
import * as any from '../../time/arbitraries.ts'
import { definitionOf, gather, type Kept } from '../../time/gathering.ts'
import { windowsModel, type Message, type WindowOutput, type WindowRules } from '../../time/model.ts'
import { ofOneOrigin, playThrough, playWithCrashes, possible } from './played.ts'

type Late = { readonly late: Message }

const merging = {
  ...gather,
  merge(into: Kept, from: Kept) {
    into.values.push(...from.values)
  },
}

checklist('toWindows', rx)

const windowsOf = (rules: WindowRules) =>
  windowed('windows', {
    key: (message: Message) => message.key,
    window: definitionOf(rules.window),
    build: (): Kept => ({ values: [] }),
    lateness: rules.lateness,
    emit: rules.emit,
    late: (late: Message): Late => ({ late }),
  })

function pipelineOf(rules: WindowRules, aggregate: typeof merging): OperatorFunction<Message, WindowOutput | Late> {
  const { outOfOrder = 0 } = rules
  return (source) =>
    source.pipe(
      eventTime((message) => message.t, { outOfOrder }),
      toWindows(aggregate, windowsOf(rules)),
    )
}

const rules = fc.oneof(
  fc.record({
    window: any.gridWindows,
    outOfOrder: any.outOfOrder,
    lateness: any.lateness,
    emit: fc.constantFrom('close' as const, 'change' as const),
  }),
  fc.record({
    window: any.sessionWindows,
    outOfOrder: any.outOfOrder,
    emit: fc.constantFrom('close' as const, 'change' as const),
  }),
)
const apart = (all: readonly (WindowOutput | Late)[]): { outputs: WindowOutput[]; late: Message[] } => ({
  outputs: all.flatMap((one) => ('late' in one ? [] : [{ ...one, values: [...one.values].sort() }])),
  late: all.flatMap((one) => ('late' in one ? [one.late] : [])),
})
const model = (...of: Parameters<typeof windowsModel>): ReturnType<typeof windowsModel> => {
  const { outputs, late } = windowsModel(...of)
  return { outputs: outputs.map((one) => ({ ...one, values: [...one.values].sort() })), late }
}

describe('toWindows gives what the model gives', () => {
  test('for messages of origins that come and go', () => {
    fc.assert(
      fc.property(any.events(), rules, (given, rules) => {
        const events = possible(given)
        expect(apart(playThrough(events, pipelineOf(rules, merging)))).toEqual(model(events, rules))
      }),
      { numRuns: any.runs },
    )
  })

  test('pulled by an Ix pipeline', async () => {
    await fc.assert(
      fc.asyncProperty(any.events(), rules, async (given, rules) => {
        const messages = given.flatMap((event) => ('end' in event ? [] : [{ ...event, origin: undefined }]))
        const timed = ix.eventTime((message: Message) => message.t, { outOfOrder: rules.outOfOrder ?? 0 })
        const outputs: (WindowOutput | Late)[] = []
        const pulled = ix.toWindows(merging, windowsOf(rules))(timed(toAsyncIterable(from(messages))))
        for await (const output of pulled) outputs.push(output)
        expect(apart(outputs)).toEqual(model(messages, rules))
      }),
    )
  })
})

test('windows that are open survive a crash', async () => {
  await fc.assert(
    fc.asyncProperty(
      any.events(25),
      rules,
      fc.array(fc.nat(25)),
      fc.array(fc.nat(25)),
      async (given, rules, crashes, checkpoints) => {
        const messages = ofOneOrigin(given)
        const outputs = await playWithCrashes(messages, () => pipelineOf(rules, merging), { crashes, checkpoints })
        expect(apart(outputs)).toEqual(model(messages, rules))
      },
    ),
    { numRuns: 50 },
  )
})
