import type fc from 'fast-check'
import { merge, Subject, type Observable, type OperatorFunction } from 'rxjs'
import { within } from '../../context/context.ts'
import { handOver } from '../../context/time/handOver.ts'
import { createSource } from '../../source/source.ts'
import type { Timed } from '../generator/timed.ts'
import { Breach } from '../law/breach.ts'
import { difference, shownValue } from '../law/difference.ts'
import { checkLaw, lawOptions, recordOf, type LawOptions } from '../law/law.ts'
import { shownMessage } from '../law/marbleDiagram.ts'
import { literal, pastedTest } from '../law/pastedTest.ts'
import { probe, shownEnd, type Same } from '../law/probe.ts'

/** What a law over the messages of several origins takes. */
export interface OriginsOptions<In, Out> extends LawOptions {
  /** Messages with their times, such as `timed(messages, { disorder, origins })` gives them. */
  readonly messages: fc.Arbitrary<readonly Timed<In>[]>
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<Out> | undefined
}

/** The names of these options. */
export const originsOptions = { ...lawOptions, messages: true, same: true } as const

export interface OriginsLaw<In> {
  /** What holds. */
  readonly title: string
  /** The name of the function that states it. */
  readonly name: string
  /** The same messages in other orders, which must lead to the same outputs. */
  readonly others: (events: readonly Timed<In>[]) => readonly (readonly Timed<In>[])[]
}

/** Tries a law by which a pipeline gives the same outputs, in whatever order, for the same messages in other orders. */
export async function originsLaw<In, Out>(
  build: () => OperatorFunction<Timed<In>, Out>,
  { messages, same, ...options }: OriginsOptions<In, Out>,
  { title, name, others }: OriginsLaw<In>,
): Promise<void> {
  await checkLaw({
    law: title,
    where: { law: name },
    input: recordOf({ messages }),
    async holds({ messages: events }) {
      const got = await outputsOfOrigins(events, build())
      for (const other of others(events)) {
        expectSameInAnyOrder(got, await outputsOfOrigins(other, build()), other, same)
      }
    },
    show: ({ messages: events }) => shownTimed(events, { title, name, first: 'build' }),
    options,
  })
}

/**
 * What comes out of a pipeline that has a source for each origin. All of them hold the watermark from the start, so
 * that none is late because another was read first. A failure is a breach.
 */
export async function outputsOfOrigins<In, Out>(
  events: readonly Timed<In>[],
  operator: OperatorFunction<Timed<In>, Out>,
): Promise<readonly Out[]> {
  const origins = new Map(events.map(({ origin }) => [origin, new Subject<Timed<In>>()]))
  const seen = probe(merge(...[...origins].map(([name, messages]) => originSource(messages, name))).pipe(operator))
  for (const event of events) origins.get(event.origin)!.next(event)
  for (const messages of origins.values()) messages.complete()
  await seen.ended
  if (seen.end?.kind === 'error') throw new Breach(shownEnd(seen.end), { cause: seen.end.error })
  return seen.outputs
}

const originSource = <Message>(messages: Subject<Message>, name: string): Observable<Message> =>
  createSource<Message>({ name, kind: 'test' }, ({ output, context, origin, opened }) => {
    const emit = (message: Message): void => {
      output.next(message)
    }
    const subscription = messages.subscribe({
      next(message) {
        handOver(context, origin, emit, message)
      },
      error(error: unknown) {
        output.error(error)
      },
      complete() {
        within(context, () => {
          output.complete()
        })
      },
    })
    opened()
    return subscription
  })

function expectSameInAnyOrder<Out>(
  got: readonly Out[],
  expected: readonly Out[],
  other: readonly Timed<unknown>[],
  same: Same<Out> = (one, another) => difference(one, another) === undefined,
): void {
  const missing = [...expected]
  const strange = got.filter((one) => {
    const at = missing.findIndex((another) => same(one, another))
    if (at >= 0) missing.splice(at, 1)
    return at < 0
  })
  if (strange.length + missing.length === 0) return
  const [first] = strange
  const instead = missing.length > 0 ? shownValue(missing[0]) : 'nothing'
  throw new Breach(
    `${strange.length > 0 ? shownValue(first) : 'nothing'} in place of ${instead}\n` +
      `  got:      ${shownValue(got)}\n  expected: ${shownValue(expected)}, as from\n${indented(timedList(other))}`,
  )
}

export interface ShownTimed {
  readonly title: string
  /** The name of the law's function, and what comes before its options. */
  readonly name: string
  readonly first: string
  /** Further options, as TypeScript. */
  readonly more?: readonly string[]
}

/** Timed messages for a person, and the test that shows a breach. */
export function shownTimed(events: readonly Timed<unknown>[], { title, name, first, more = [] }: ShownTimed): string {
  return [
    timedList(events),
    '',
    `As a test, to be pasted beside ${first.replace(', ', ' and ')}:`,
    '',
    pastedTest({
      title,
      uses: [name],
      imports: ["import fc from 'fast-check'"],
      body: [
        'const messages = [',
        ...events.map((event) => `  ${literal(event)},`),
        ']',
        `await ${name}(${first}, { ${['messages: fc.constant(messages)', 'runs: 1', ...more].join(', ')} })`,
      ],
    }),
  ].join('\n')
}

/** One a line, with where and when it is from. */
const timedList = (events: readonly Timed<unknown>[]): string =>
  events.length === 0
    ? '(no message)'
    : events.map(({ message, at, origin }, n) => `${n + 1}. ${origin} at ${at}: ${shownMessage(message)}`).join('\n')

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '    ')
