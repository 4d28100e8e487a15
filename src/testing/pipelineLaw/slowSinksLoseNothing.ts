import { knownOptions } from '../../base/option.ts'
import { faults, withFaults } from '../driver/faults.ts'
import {
  outputsAlone,
  pipelineLaw,
  pipelineLawOptions,
  undisturbedLines,
  undisturbedRun,
  type BuildPipeline,
  type PipelineLawOptions,
} from './pipelineLaw.ts'
import { expectSameOutputs, expectSameStates, runThrough } from './pipelineRun.ts'

/**
 * The law that a sink which is slow, or lost for a while, loses nothing: the outputs are those of a run whose sink
 * takes everything at once, in the same order, and so is the state. While the sink takes nothing, messages gather at
 * the source, and come in a rush afterwards: a step that drops messages when it is busy shows.
 *
 * @param build makes the pipeline anew
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { to } from 'wallarx/operators'
 * import { slowSinksLoseNothing } from 'wallarx/testing'
 * import { exhaustMap } from 'rxjs'
 *
 * const twice = (n: number) => Promise.resolve(2 * n)
 * const input = fc.array(fc.nat(9))
 * await slowSinksLoseNothing(() => to(twice, { concurrency: 2 }), { input, runs: 20 })
 * await assert.rejects(slowSinksLoseNothing(() => exhaustMap(twice), { input }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function slowSinksLoseNothing<In, Out>(
  build: BuildPipeline<In, Out>,
  options: PipelineLawOptions<In>,
): Promise<void> {
  knownOptions('slowSinksLoseNothing', options, pipelineLawOptions)
  const { input, key } = options
  await pipelineLaw({
    title: 'a sink that is slow or lost for a while costs no output',
    name: 'slowSinksLoseNothing',
    options,
    input: withFaults(input, { faults: faults(['slow sink', 'lost sink']) }),
    eventsOf: (events) => events,
    async holds(events, driver) {
      const { messages, expected } = await undisturbedRun(build, events, driver)
      // A sink that is exactly once does not take an output twice when it was lost.
      const got = await runThrough(build, events, { ...driver, delivery: 'exactly once' })
      await expectSameOutputs(got, expected, key && (() => outputsAlone(build, messages, key, driver)))
      expectSameStates(got, expected)
    },
    body: (events, driver) => [
      ...undisturbedLines(events, driver(), ''),
      '// A sink that is exactly once does not take an output twice when it was lost.',
      `const driver = ${driver({ delivery: "'exactly once'" })}`,
      'await play(driver, events)',
      'await driver.end()',
      'const got = { outputs: driver.outputs(), states: driver.states() }',
      'await driver.close()',
      'assert.deepEqual(got, expected)',
    ],
  })
}
