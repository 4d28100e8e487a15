import type { OperatorFunction } from 'rxjs'
import { Breach } from '../law/breach.ts'
import { inTime } from '../law/inTime.ts'
import { difference, shownValue } from '../law/difference.ts'
import type { PipelineDriver, TestPipelineOptions } from '../driver/driver.ts'
import type { PipelineEvent } from '../driver/faults.ts'
import { shownMessage } from '../law/marbleDiagram.ts'
import { play } from '../driver/play.ts'
import { testPipeline } from '../driver/testPipeline.ts'

/** What one run of a pipeline under test gave. */
export interface PipelineRun<Out> {
  /** What the sink took at each event, and last, at the end. */
  readonly steps: readonly (readonly Out[])[]
  readonly outputs: readonly Out[]
  readonly takenBack: ReturnType<PipelineDriver<unknown, Out>['takenBack']>
  readonly states: Readonly<Record<string, ReadonlyMap<bigint, unknown>>>
}

export interface RunThroughOptions extends TestPipelineOptions {
  /** `false`: messages follow each other at once. Default: what one leads to is waited for */
  readonly settle?: boolean | 'timers'
  /** Whether states are those that a program which is started again finds. Default: those in memory */
  readonly durable?: boolean
  /** Milliseconds until a run that has not ended is given up, as `inTime` counts them. Default: 2,000 */
  readonly timeout?: number | undefined
}

/** A Breach of a law over a pipeline, with what is needed to show it. */
export class PipelineBreach extends Breach {
  /** What was expected and what was got at each event, and last, at the end; absent where the pipeline failed. */
  readonly expected: PipelineRun<unknown> | undefined
  readonly got: PipelineRun<unknown> | undefined

  constructor(
    message: string,
    { expected, got, cause }: { expected?: PipelineRun<unknown>; got?: PipelineRun<unknown>; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.expected = expected
    this.got = got
  }
}

/** The run was given up. */
export class NoEnd extends PipelineBreach {}

/** Plays events to a new driver of a new pipeline, ends the input, and looks at what there is. */
export async function runThrough<In, Out>(
  build: () => OperatorFunction<In, Out>,
  events: readonly PipelineEvent<In>[],
  { settle = true, durable = false, timeout = 2000, ...options }: RunThroughOptions,
): Promise<PipelineRun<Out>> {
  let driver: PipelineDriver<In, Out> | undefined
  const run = async (): Promise<PipelineRun<Out>> => {
    driver = await testPipeline(build(), options)
    let steps: Out[][] = []
    if (settle === 'timers') {
      for (const event of events) {
        steps.push(...(await play(driver, [event])).slice(0, 1))
        await driver.settle({ timers: true })
        steps.at(-1)!.push(...driver.read())
      }
      steps.push([])
    } else {
      steps = await play(driver, events, { build, settle })
    }
    await driver.end()
    steps.at(-1)!.push(...driver.read())
    const outputs = driver.outputs()
    const takenBack = driver.takenBack()
    if (durable) await driver.restart(build())
    return { steps, outputs, takenBack, states: driver.states() }
  }
  try {
    return await inTime(timeout, run, () => new NoEnd(`no end of the run within ${timeout} ms`))
  } catch (error) {
    if (error instanceof NoEnd) throw error
    throw new PipelineBreach(`the failure of the pipeline: ${shownError(error)}`, { cause: error })
  } finally {
    await driver?.close()
  }
}

const shownError = (error: unknown): string => (error instanceof Error ? error.message : shownValue(error))

/** Throws where two runs left different states. */
export function expectSameStates(got: PipelineRun<unknown>, expected: PipelineRun<unknown>): void {
  for (const name of new Set([...Object.keys(expected.states), ...Object.keys(got.states)])) {
    const one = expected.states[name] ?? new Map<bigint, unknown>()
    const other = got.states[name] ?? new Map<bigint, unknown>()
    for (const key of [...new Set([...one.keys(), ...other.keys()])].sort((a, b) => (a < b ? -1 : 1))) {
      const path = `state of ${name}, key ${key}`
      const found =
        one.has(key) && other.has(key)
          ? difference(other.get(key), one.get(key), path)
          : one.has(key)
            ? `${path}: nothing, or as it was built, in place of ${shownValue(one.get(key))}`
            : `${path}: ${shownValue(other.get(key))} in place of nothing, or as it is built`
      if (found !== undefined) throw new PipelineBreach(found, { expected, got })
    }
  }
}

/**
 * Throws where the outputs of a run are others than expected. Outputs that differ in their order are as good where each
 * key's come in order: `byKey` gives what is expected of each key.
 */
export async function expectSameOutputs<Out>(
  got: PipelineRun<Out>,
  expected: PipelineRun<Out>,
  byKey?: () => Promise<readonly (readonly Out[])[]>,
): Promise<void> {
  const found = difference(got.outputs, expected.outputs, 'outputs')
  if (found === undefined) return
  if (byKey !== undefined && isInterleaving(got.outputs, await byKey())) return
  const one = got.outputs.map(shownMessage)
  const other = expected.outputs.map(shownMessage)
  const at = other.findIndex((text, index) => text !== one[index])
  const first = at < 0 ? found : `outputs[${at}]: ${one[at] ?? 'nothing'} in place of ${other[at]!}`
  throw new PipelineBreach(`${first}\n  got:      [${one.join(', ')}]\n  expected: [${other.join(', ')}]`, {
    expected,
    got,
  })
}

/** Whether `whole` is made of all `parts`, each in its order. */
export function isInterleaving(whole: readonly unknown[], parts: readonly (readonly unknown[])[]): boolean {
  if (parts.reduce((sum, { length }) => sum + length, 0) !== whole.length) return false
  const deadEnds = new Set<string>()
  const taken = parts.map(() => 0)
  const fits = (at: number): boolean => {
    if (at === whole.length) return true
    const place = taken.join()
    if (deadEnds.has(place)) return false
    for (let part = 0; part < parts.length; part++) {
      const next = taken[part]!
      if (next === parts[part]!.length || difference(whole[at], parts[part]![next]) !== undefined) continue
      taken[part] = next + 1
      if (fits(at + 1)) return true
      taken[part] = next
    }
    deadEnds.add(place)
    return false
  }
  return fits(0)
}

/** What a run without faults gave, put beside the events of a run with faults. */
export function stepsBeside<Out>(
  events: readonly PipelineEvent<unknown>[],
  steps: readonly (readonly Out[])[],
): (readonly Out[])[] {
  let at = 0
  return [...events.map((event) => ('message' in event ? steps[at++]! : [])), steps.at(-1)!]
}
