/* Pipelines of windows and joins over the model's messages, and what the model says that they give. */
import fc from 'fast-check'
import { connect, filter, pipe, type Observable, type OperatorFunction } from 'rxjs'
import { windowed } from 'wallarx'
import { eventTime, joinWithin, to, toWindows } from 'wallarx/operators'
import * as any from '../../time/arbitraries.ts'
import { definitionOf, gather, type Kept } from '../../time/gathering.ts'
import {
  joinModel,
  windowsModel,
  type Event,
  type JoinRules,
  type Message,
  type Pair,
  type WindowOutput,
  type WindowRules,
} from '../../time/model.ts'

/** Stands among the outputs for a message that is late. */
export interface Late {
  readonly late: Message
}

/** Outputs and late messages. */
export interface Given<Out> {
  readonly outputs: Out[]
  readonly late: Message[]
}

const lateOnes = (all: readonly unknown[]): Message[] =>
  (all as readonly (Late | object)[]).flatMap((one) => ('late' in one ? [one.late] : []))

export const merging = {
  ...gather,
  merge(into: Kept, from: Kept) {
    into.values.push(...from.values)
  },
}

export const windowsOf = (rules: WindowRules, cache?: number) =>
  windowed('windows', {
    key: (message: Message) => message.key,
    window: definitionOf(rules.window),
    build: (): Kept => ({ values: [] }),
    lateness: rules.lateness,
    emit: rules.emit,
    late: (late: Message): Late => ({ late }),
    cache,
  })

export const windowsPipeline =
  (rules: WindowRules, cache?: number): OperatorFunction<Message, WindowOutput | Late> =>
  (source) =>
    source.pipe(
      eventTime((message) => message.t, { outOfOrder: rules.outOfOrder ?? 0 }),
      toWindows(merging, windowsOf(rules, cache)),
    )

export const windowRules: fc.Arbitrary<WindowRules> = fc.oneof(
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

/** Panes are merged in order of time, and not of arrival. */
const sorted = (output: WindowOutput): WindowOutput => ({ ...output, values: [...output.values].sort() })

export const windowsGiven = (all: readonly (WindowOutput | Late)[]): Given<WindowOutput> => ({
  outputs: all.flatMap((one) => ('late' in one ? [] : [sorted(one)])),
  late: lateOnes(all),
})

export const windowsExpected = (events: readonly Event[], rules: WindowRules): Given<WindowOutput> => {
  const { outputs, late } = windowsModel(events, rules)
  return { outputs: outputs.map(sorted), late }
}

const side = { key: (message: Message) => message.key, at: (message: Message) => message.t }
export const joinOptions = ({ unmatched = false, ...rules }: JoinRules, cache?: number) => ({
  ...rules,
  name: 'pairs',
  left: side,
  right: side,
  late: (late: Message): Late => ({ late }),
  unmatched: unmatched as true,
  cache,
  combine: (left: Message, right: Message | undefined): Pair => ({ key: left.key, left: left.v, right: right?.v }),
})

export const joinPipeline = (rules: JoinRules, cache?: number): OperatorFunction<Message, Pair | Late> =>
  pipe(
    connect((all: Observable<Message>) =>
      all.pipe(
        filter(({ side }) => side === 'left'),
        joinWithin(all.pipe(filter(({ side }) => side === 'right')), joinOptions(rules, cache)),
      ),
    ),
    to((output) => output), // so that the sources are inside the pipeline, too
  )

export const joinRules: fc.Arbitrary<JoinRules> = fc.record({
  before: fc.nat(10),
  after: fc.nat(10),
  outOfOrder: any.outOfOrder,
  unmatched: fc.boolean(),
})

export const pairsGiven = (all: readonly (Pair | Late)[]): Given<Pair> => ({
  outputs: all.flatMap((one) => ('late' in one ? [] : [one])),
  late: lateOnes(all),
})

/** Each side is an origin of its own; both end at once. */
const bySide = (events: readonly Event[]): Event[] =>
  events.map((event): Event =>
    'end' in event
      ? { end: `${event.end} left`, with: `${event.end} right` }
      : { ...event, origin: `${event.origin ?? 'z'} ${event.side!}` },
  )

export const pairsExpected = (events: readonly Event[], rules: JoinRules): Given<Pair> => {
  const { outputs, late } = joinModel(bySide(events), rules, (origin) => origin.split(' ')[1]!, ['left', 'right'])
  const given = new Map(events.flatMap((event) => ('end' in event ? [] : [[event.v, event]])))
  return { outputs, late: late.map(({ v }) => given.get(v)!) }
}
