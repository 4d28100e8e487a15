import type fc from 'fast-check'
import type { OperatorFunction } from 'rxjs'
import { longestTimer } from '../errors.ts'
import type { Framing } from '../framing.ts'
import type { Key } from '../key.ts'
import type { PipelineEvent } from './faults.ts'
import { checkLaw, type LawOptions } from './law.ts'
import { eventList, marbleDiagram } from './marbleDiagram.ts'
import { NoEnd, PipelineBreach, runThrough, type RunThroughOptions } from './pipelineRun.ts'

/** What every law over a pipeline takes. */
export interface PipelineLawOptions<In> extends Omit<LawOptions, 'timeout'> {
  /** Milliseconds after which a run of the pipeline that has not ended breaks the law. Default: 2,000 */
  readonly timeout?: number | undefined
  /** Lists of messages, such as `messages({ keys, message })` gives them; with a `framing`, lists of chunks of bytes. */
  readonly input: fc.Arbitrary<readonly In[]>
  /**
   * Whose message it is. Given, it claims that messages of different keys have nothing to do with each other, neither in
   * outputs nor in state, and that outputs are in order for each key. Default: all messages are in one order
   */
  readonly key?: ((message: In) => Key) | undefined
  /** Bytes are sent, and cut into frames at the source. Default: messages are sent */
  readonly framing?: Framing | undefined
  /** As for `run`. With `'stop'`, an input for which user code throws breaks the law. Default: `'stop'` */
  readonly onError?: 'stop' | 'skip' | undefined
}

/** Makes the pipeline under test, anew for each start. */
export type BuildPipeline<In, Out> = () => OperatorFunction<In, Out>

export interface PipelineLaw<In, Input> {
  readonly law: string
  /** The name of the function that states it. */
  readonly name: string
  readonly input: fc.Arbitrary<Input>
  readonly holds: (input: Input) => Promise<void>
  readonly eventsOf: (input: Input) => readonly PipelineEvent<In>[]
  /** The test that shows a breach. */
  readonly test: (input: Input) => string
  readonly options: LawOptions
}

/** Tries a law over a pipeline, and shows a breach as events, as marbles, and as a test. */
export async function checkPipelineLaw<In, Input>({
  law,
  name,
  input,
  holds,
  eventsOf,
  test,
  options: { runs, seed, path },
}: PipelineLaw<In, Input>): Promise<void> {
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
        'As a test, to be pasted beside `build`, which makes the pipeline:',
        '',
        test(input),
      ].join('\n')
    },
    options: { runs, seed, path, timeout: longestTimer }, // each run of the pipeline has its own
  })
}

/** The options of a driver that a law's runs have. */
export const runOptions = <In>({ framing, onError, timeout }: PipelineLawOptions<In>): RunThroughOptions => ({
  ...(framing && { framing }),
  ...(onError && { onError }),
  timeout,
})

/** The options of a driver that a law's test repeats, as TypeScript. */
export function driverOptions<In>(
  { framing, onError }: PipelineLawOptions<In>,
  more: Record<string, string> = {},
): string {
  const options = {
    ...more,
    ...(onError === 'skip' && { onError: "'skip'" }),
    ...(framing !== undefined && { framing: 'framing' }),
  }
  const written = Object.entries(options).map(([name, value]) => (name === value ? name : `${name}: ${value}`))
  return written.length === 0 ? '' : `, { ${written.join(', ')} }`
}

/** The messages of each key. */
export function groupedByKey<In>(messages: readonly In[], key: (message: In) => Key): In[][] {
  const groups = new Map<bigint, In[]>()
  for (const message of messages) {
    const own = BigInt(key(message))
    const group = groups.get(own)
    if (group === undefined) groups.set(own, [message])
    else group.push(message)
  }
  return [...groups.values()]
}

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
