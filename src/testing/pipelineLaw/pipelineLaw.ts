/* Laws that a whole pipeline is held to: crashes, speed, slow sinks and other keys change nothing. */

import { grouped } from '../law/grouped.ts'
import type fc from 'fast-check'
import type { OperatorFunction } from 'rxjs'
import { longestTimer, type OptionNames } from '../../base/option.ts'
import type { Framing } from '../../framing/framing.ts'
import type { Key } from '../../key/key.ts'
import type { PipelineEvent } from '../driver/faults.ts'
import { checkLaw, lawOptions, type LawOptions } from '../law/law.ts'
import { eventList, marbleDiagram } from '../law/marbleDiagram.ts'
import { eventLines, pastedTest } from '../law/pastedTest.ts'
import {
  NoEnd,
  PipelineBreach,
  runThrough,
  stepsBeside,
  type PipelineRun,
  type RunThroughOptions,
} from './pipelineRun.ts'

/** What every law over a pipeline takes. */
export interface PipelineLawOptions<In> extends Omit<LawOptions, 'timeout'> {
  /** Milliseconds after which a run of the pipeline that has not ended breaks the law. Default: 2,000 */
  readonly timeout?: number | undefined
  /**
   * Lists of messages, such as `messages({ keys, message })` gives them; with a `framing`, lists of chunks of bytes.
   */
  readonly input: fc.Arbitrary<readonly In[]>
  /**
   * Whose message it is. Given, it claims that messages of different keys have nothing to do with each other, neither
   * in outputs nor in state, and that outputs are in order for each key. Default: all messages are in one order
   */
  readonly key?: ((message: In) => Key) | undefined
  /** Bytes are sent, and cut into frames at the source. Default: messages are sent */
  readonly framing?: Framing | undefined
  /** As for `run`. With `'stop'`, an input for which user code throws breaks the law. Default: `'stop'` */
  readonly onError?: 'stop' | 'skip' | undefined
}

/** The names of these options. */
export const pipelineLawOptions = {
  ...lawOptions,
  input: true,
  key: true,
  framing: true,
  onError: true,
} satisfies OptionNames<PipelineLawOptions<never>>

/** Makes the pipeline under test, anew for each start. */
export type BuildPipeline<In, Out> = () => OperatorFunction<In, Out>

/** One law over what a pipeline gives in its runs under a driver. */
export interface PipelineLaw<In, Input> {
  /** What holds: that of the law, and of the test that shows a breach. */
  readonly title: string
  /** The name of the function that states it. */
  readonly name: string
  readonly options: PipelineLawOptions<In>
  readonly input: fc.Arbitrary<Input>
  readonly eventsOf: (input: Input) => readonly PipelineEvent<In>[]
  /** One try. Each of its runs has at least the options `driver`. */
  readonly holds: (input: Input, driver: RunThroughOptions) => Promise<void>
  /**
   * The lines of a test that shows a breach. `driver` gives what makes a driver of `operator`, the pipeline unless
   * given, with the options that all runs of the law have and `more` of them.
   */
  readonly body: (input: Input, driver: (more?: Record<string, string>, operator?: string) => string) => string[]
  /** What that test imports besides. */
  readonly imports?: readonly string[]
}

/** Tries a law over a pipeline, and shows a breach as events, as marbles, and as a test. */
export async function pipelineLaw<In, Input>(law: PipelineLaw<In, Input>): Promise<void> {
  const { title, name, options, input, eventsOf, holds, body, imports } = law
  const { framing, onError, timeout } = options
  const driver: RunThroughOptions = { ...(framing && { framing }), ...(onError && { onError }), timeout }
  await checkPipelineLaw({
    law: title,
    name,
    input,
    holds: (input) => holds(input, driver),
    eventsOf,
    test: (input) =>
      pastedTest({
        title,
        uses: ['play', 'testPipeline', 'type PipelineEvent'],
        body: body(input, (more, operator = 'build()') => `await testPipeline(${operator}${written(options, more)})`),
        ...(imports && { imports }),
      }),
    options,
  })
}

export interface ShownLaw<In, Input> {
  readonly law: string
  /** The name of the function that states it. */
  readonly name: string
  readonly input: fc.Arbitrary<Input>
  readonly holds: (input: Input) => Promise<void>
  readonly eventsOf: (input: Input) => readonly PipelineEvent<In>[]
  /** The test that shows a breach. */
  readonly test: (input: Input) => string
  /** What it needs. Default: `build` */
  readonly beside?: string
  readonly options: LawOptions
}

/** Tries any law that a pipeline is held to, with what shows its breach. */
export async function checkPipelineLaw<In, Input>({
  law,
  name,
  input,
  holds,
  eventsOf,
  test,
  beside = '`build`, which makes the pipeline',
  options: { runs, seed, path },
}: ShownLaw<In, Input>): Promise<void> {
  let hung = 0 // to make an input smaller that hangs would take for ever: after a few, such inputs count as holding
  await checkLaw({
    law,
    where: { law: name },
    input,
    async holds(input) {
      if (hung > 3) return
      try {
        await holds(input)
      } catch (error) {
        if (error instanceof NoEnd) hung++
        throw error
      }
    },
    show(input, thrown) {
      const events = eventsOf(input)
      const { expected, got } = thrown instanceof PipelineBreach ? thrown : {}
      const lines = [
        ...(expected === undefined ? [] : [{ name: 'expected', steps: expected.steps }]),
        ...(got === undefined ? [] : [{ name: 'got', steps: got.steps }]),
      ]
      return [
        eventList(events),
        '',
        marbleDiagram(events, lines),
        '',
        `As a test, to be pasted beside ${beside}:`,
        '',
        test(input),
      ].join('\n')
    },
    options: { runs, seed, path, timeout: longestTimer }, // each run of the pipeline has its own
  })
}

/** The options of a driver that a law's test repeats, as TypeScript. */
function written<In>({ framing, onError }: PipelineLawOptions<In>, more: Record<string, string> = {}): string {
  const options = {
    ...more,
    ...(onError === 'skip' && { onError: "'skip'" }),
    ...(framing !== undefined && { framing: 'framing' }),
  }
  const all = Object.entries(options).map(([name, value]) => (name === value ? name : `${name}: ${value}`))
  return all.length === 0 ? '' : `, { ${all.join(', ')} }`
}

/** A list of events under a name, as TypeScript. */
export const eventsAs = (name: string, events: readonly PipelineEvent<unknown>[]): string[] => [
  `const ${name}: PipelineEvent<any>[] = [`,
  ...eventLines(events),
  ']',
]

/** What the messages lead to when nothing else happens, put beside all the events. */
export async function undisturbedRun<In, Out>(
  build: BuildPipeline<In, Out>,
  events: readonly PipelineEvent<In>[],
  options: RunThroughOptions,
): Promise<{ readonly messages: In[]; readonly expected: PipelineRun<Out> }> {
  const messages = events.flatMap((event) => ('message' in event ? [event.message] : []))
  const run = await runThrough(build, asEvents(messages), options)
  return { messages, expected: { ...run, steps: stepsBeside(events, run.steps) } }
}

/** The same in a test: `expected`, for `events`. */
export const undisturbedLines = (
  events: readonly PipelineEvent<unknown>[],
  driver: string,
  playOptions: string,
): string[] => [
  ...eventsAs('events', events),
  "const messages = events.filter((event) => 'message' in event)",
  '',
  `const undisturbed = ${driver}`,
  `await play(undisturbed, messages${playOptions})`,
  'await undisturbed.end()',
  'const expected = { outputs: undisturbed.outputs(), states: undisturbed.states() }',
  'await undisturbed.close()',
  '',
]

/** The messages of each key. */
export const groupedByKey = <In>(messages: readonly In[], key: (message: In) => Key): In[][] => [
  ...grouped(messages, (message) => BigInt(key(message))).values(),
]

export const asEvents = <In>(messages: readonly In[]): PipelineEvent<In>[] => messages.map((message) => ({ message }))

/** What the messages of each key lead to when there are no others. */
export async function outputsAlone<In, Out>(
  build: BuildPipeline<In, Out>,
  messages: readonly In[],
  key: (message: In) => Key,
  options: RunThroughOptions,
): Promise<(readonly Out[])[]> {
  const all: (readonly Out[])[] = []
  for (const group of groupedByKey(messages, key)) {
    all.push((await runThrough(build, asEvents(group), options)).outputs)
  }
  return all
}
