import { faults, withFaults } from './faults.ts'
import { eventLines, pastedTest } from './pastedTest.ts'
import {
  asEvents,
  checkPipelineLaw,
  driverOptions,
  outputsAlone,
  runOptions,
  type BuildPipeline,
  type PipelineLawOptions,
} from './pipelineLaw.ts'
import { expectSameOutputs, expectSameStates, runThrough, stepsBeside } from './pipelineRun.ts'

const title = 'a sink that is slow or lost for a while costs no output'

/**
 * The law that a sink which is slow, or lost for a while, loses nothing: the outputs are those of a run whose sink takes everything
 * at once, in the same order, and so is the state. While the sink takes nothing, messages gather at the source, and come in a rush afterwards: a step that drops messages when it is busy shows.
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
  const { input, key } = options
  const driver = runOptions(options)
  await checkPipelineLaw({
    law: title,
    name: 'slowSinksLoseNothing',
    input: withFaults(input, { faults: faults(['slow sink', 'lost sink']) }),
    async holds(events) {
      const messages = events.flatMap((event) => ('message' in event ? [event.message] : []))
      const undisturbed = await runThrough(build, asEvents(messages), driver)
      const expected = { ...undisturbed, steps: stepsBeside(events, undisturbed.steps) }
      // A sink that is exactly once does not take an output twice when it was lost.
      const got = await runThrough(build, events, { ...driver, delivery: 'exactly once' })
      await expectSameOutputs(got, expected, key && (() => outputsAlone(build, messages, key, driver)))
      expectSameStates(got, expected)
    },
    eventsOf: (events) => events,
    test: (events) =>
      pastedTest({
        title,
        uses: ['play', 'testPipeline', 'type PipelineEvent'],
        body: [
          'const events: PipelineEvent<any>[] = [',
          ...eventLines(events),
          ']',
          "const messages = events.filter((event) => 'message' in event)",
          '',
          `const undisturbed = await testPipeline(build()${driverOptions(options)})`,
          'await play(undisturbed, messages)',
          'await undisturbed.end()',
          'const expected = { outputs: undisturbed.outputs(), states: undisturbed.states() }',
          'await undisturbed.close()',
          '',
          '// A sink that is exactly once does not take an output twice when it was lost.',
          `const driver = await testPipeline(build()${driverOptions(options, { delivery: "'exactly once'" })})`,
          'await play(driver, events)',
          'await driver.end()',
          'const got = { outputs: driver.outputs(), states: driver.states() }',
          'await driver.close()',
          'assert.deepEqual(got, expected)',
        ],
      }),
    options,
  })
}
