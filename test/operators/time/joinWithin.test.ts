import fc from 'fast-check'
import { connect, filter, from, pipe, type Observable, type OperatorFunction } from 'rxjs'
import { expect, test } from 'vitest'
import { toAsyncIterable } from 'wallarx'
import { joinWithin, to } from 'wallarx/operators'
import * as ix from 'wallarx/operators/ix'
import * as any from '../../time/arbitraries.ts'
import { joinModel, type Event, type JoinRules, type Message, type Pair } from '../../time/model.ts'
import { ofOneOrigin, playThrough, playWithCrashes, possible } from './played.ts'

type Late = { readonly late: Message }

const side = { key: (message: Message) => message.key, at: (message: Message) => message.t }
const optionsOf = ({ unmatched = false, ...rules }: JoinRules) => ({
  ...rules,
  name: 'pairs',
  left: side,
  right: side,
  late: (late: Message): Late => ({ late }),
  unmatched: unmatched as true,
  combine: (left: Message, right: Message | undefined): Pair => ({ key: left.key, left: left.v, right: right?.v }),
})

function pipelineOf(rules: JoinRules): OperatorFunction<Message, Pair | Late> {
  return pipe(
    connect((all: Observable<Message>) =>
      all.pipe(
        filter(({ side }) => side === 'left'),
        joinWithin(all.pipe(filter(({ side }) => side === 'right')), optionsOf(rules)),
      ),
    ),
    to((output) => output), // so that the sources are inside the pipeline, too
  )
}

const rules = fc.record({ before: fc.nat(10), after: fc.nat(10), outOfOrder: any.outOfOrder, unmatched: fc.boolean() })
const apart = (all: readonly (Pair | Late)[]): { outputs: Pair[]; late: Message[] } => ({
  outputs: all.flatMap((one) => ('late' in one ? [] : [one])),
  late: all.flatMap((one) => ('late' in one ? [one.late] : [])),
})
/** Each side is an origin of its own. */
const bySide = (events: readonly Event[]): Event[] =>
  events.flatMap((event): Event[] =>
    'end' in event
      ? [{ end: `${event.end} left` }, { end: `${event.end} right` }]
      : [{ ...event, origin: `${event.origin ?? 'z'} ${event.side!}` }],
  )
const model = (events: readonly Event[], rules: JoinRules): ReturnType<typeof joinModel> => {
  const { outputs, late } = joinModel(bySide(events), rules, (origin) => origin.split(' ')[1]!, ['left', 'right'])
  const given = new Map(events.flatMap((event) => ('end' in event ? [] : [[event.v, event]])))
  return { outputs, late: late.map(({ v }) => given.get(v)!) }
}

test('joinWithin gives what the model gives', () => {
  fc.assert(
    fc.property(any.events(), rules, (given, rules) => {
      const events = possible(given)
      expect(apart(playThrough(events, pipelineOf(rules)))).toEqual(model(events, rules))
    }),
    { numRuns: any.runs },
  )
})

test('what waits survives a crash', async () => {
  await fc.assert(
    fc.asyncProperty(
      any.events(25),
      rules,
      fc.array(fc.nat(25)),
      fc.array(fc.nat(25)),
      async (given, rules, crashes, checkpoints) => {
        const messages = ofOneOrigin(given)
        const outputs = await playWithCrashes(messages, () => pipelineOf(rules), { crashes, checkpoints })
        expect(apart(outputs)).toEqual(model(messages, rules))
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
      const outputs: (Pair | Late)[] = []
      for await (const pair of ix.joinWithin(of('right'), optionsOf(rules))(of('left'))) outputs.push(pair)
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
  for await (const output of ix.joinWithin(of('right', 2), optionsOf(rules))(of('left', 1))) {
    outputs.push(output)
    tell()
  }
  expect(outputs).toEqual([
    { key: 1, left: 'first left', right: undefined },
    { key: 1, left: 'second left', right: undefined },
  ])
})
