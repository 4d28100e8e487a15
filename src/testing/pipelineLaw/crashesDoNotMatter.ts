import { knownOptions } from '../../base/option.ts'
import fc from 'fast-check'
import { faults, withFaults, type Fault } from '../driver/faults.ts'
import { difference, shownValue } from '../law/difference.ts'
import {
  outputsAlone,
  pipelineLaw,
  pipelineLawOptions,
  undisturbedLines,
  undisturbedRun,
  type BuildPipeline,
  type PipelineLawOptions,
} from './pipelineLaw.ts'
import {
  expectSameOutputs,
  expectSameStates,
  isInterleaving,
  PipelineBreach,
  runThrough,
  type PipelineRun,
} from './pipelineRun.ts'

export interface CrashOptions<In> extends PipelineLawOptions<In> {
  /** What happens besides. Default: `faults()` */
  readonly faults?: fc.Arbitrary<Fault> | undefined
}

/**
 * The law that a pipeline which crashes and restarts anywhere gives the state and the outputs of one that did not:
 * state is exactly once, also for a program that is started again after the end and has nothing but the store; outputs
 * are those of the undisturbed run, with repeats after a crash only, which are the same again.
 *
 * @param build makes the pipeline anew, as a new process does: it is called for every start
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { statePartition } from 'wallarx'
 * import { toState } from 'wallarx/operators'
 * import { crashesDoNotMatter } from 'wallarx/testing'
 *
 * const sum = (changed: boolean) => () =>
 *   toState(
 *     (n: number, state: { total: number }) => [(state.total += n), changed],
 *     statePartition('sum', { build: () => ({ total: 0 }) }),
 *   )
 * const input = fc.array(fc.integer({ min: 1, max: 9 }))
 * await crashesDoNotMatter(sum(true), { input, runs: 20 })
 * await assert.rejects(crashesDoNotMatter(sum(false), { input }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function crashesDoNotMatter<In, Out>(
  build: BuildPipeline<In, Out>,
  options: CrashOptions<In>,
): Promise<void> {
  knownOptions('crashesDoNotMatter', options, { ...pipelineLawOptions, faults: true })
  const { input, key, faults: fault = faults() } = options
  await pipelineLaw({
    title: 'a pipeline that crashes and restarts anywhere gives what an undisturbed one gives',
    name: 'crashesDoNotMatter',
    options,
    input: fc.record({ events: withFaults(input, { faults: fault }), settle: fc.constantFrom(true, false) }),
    eventsOf: ({ events }) => events,
    async holds({ events, settle }, driver) {
      const { messages, expected } = await undisturbedRun(build, events, { ...driver, settle })
      const got = await runThrough(build, events, { ...driver, settle, delivery: 'exactly once', durable: true })
      const byKey = key && (() => outputsAlone(build, messages, key, { ...driver, settle }))
      await expectSameOutputs(got, expected, byKey)
      expectSameRepeats(got, expected, byKey !== undefined)
      expectSameStates(got, expected)
    },
    body: ({ events, settle }, driver) => [
      ...undisturbedLines(events, driver(), settle ? '' : ', { settle: false }'),
      `const driver = ${driver({ delivery: "'exactly once'" })}`,
      `await play(driver, events, { build${settle ? '' : ', settle: false'} })`,
      'await driver.end()',
      'const outputs = driver.outputs()',
      'await driver.restart(build()) // what it knows now is what is in the store',
      'const got = { outputs, states: driver.states() }',
      'await driver.close()',
      'assert.deepEqual(got, expected)',
    ],
  })
}

/** What a receiver saw before a crash and sees again must be the same. */
function expectSameRepeats<Out>(got: PipelineRun<Out>, expected: PipelineRun<Out>, anyOrder: boolean): void {
  for (const { from, outputs } of got.takenBack) {
    const again = got.outputs.slice(from, from + outputs.length)
    if (difference(outputs, again) === undefined) continue
    if (anyOrder && isPartOf(outputs, got.outputs.slice(from))) continue
    throw new PipelineBreach(
      'outputs that come again after a crash as others\n' +
        `  before: ${shownValue(outputs)}\n  after:  ${shownValue(again)}`,
      { expected, got },
    )
  }
}

function isPartOf(some: readonly unknown[], all: readonly unknown[]): boolean {
  const left = [...all]
  return some.every((one) => {
    const at = left.findIndex((other) => isInterleaving([one], [[other]]))
    if (at >= 0) left.splice(at, 1)
    return at >= 0
  })
}
