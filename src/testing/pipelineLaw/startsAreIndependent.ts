import { knownOptions } from '../../base/option.ts'
import { testPipeline } from '../driver/testPipeline.ts'
import {
  asEvents,
  eventsAs,
  pipelineLaw,
  pipelineLawOptions,
  type BuildPipeline,
  type PipelineLawOptions,
} from './pipelineLaw.ts'
import { expectSameOutputs, expectSameStates, runThrough } from './pipelineRun.ts'

/**
 * The law that one operator value serves any number of runs: a second one, over an empty store, gives what the first
 * one gave. State that is kept where the operator is made, and not in its subscription or in a state partition, shows.
 * For two subscriptions at once see `subscriptionsAreIndependent`.
 *
 * @param build makes the pipeline
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { startsAreIndependent } from 'wallarx/testing'
 * import { map, scan } from 'rxjs'
 *
 * const input = fc.array(fc.nat(9))
 * await startsAreIndependent(() => scan((sum: number, n: number) => sum + n, 0), { input, runs: 20 })
 * const broken = () => {
 *   let sum = 0
 *   return map((n: number) => (sum += n))
 * }
 * await assert.rejects(startsAreIndependent(broken, { input }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function startsAreIndependent<In, Out>(
  build: BuildPipeline<In, Out>,
  options: PipelineLawOptions<In>,
): Promise<void> {
  knownOptions('startsAreIndependent', options, pipelineLawOptions)
  await pipelineLaw({
    title: 'each subscription to one pipeline begins anew',
    name: 'startsAreIndependent',
    options,
    input: options.input,
    eventsOf: asEvents,
    async holds(messages, driver) {
      const operator = build()
      const first = await runThrough(() => operator, asEvents(messages), driver)
      const { timeout: _, ...alone } = driver
      await (await testPipeline(operator, alone)).close() // one that is abandoned
      const second = await runThrough(() => operator, asEvents(messages), driver)
      await expectSameOutputs(second, first)
      expectSameStates(second, first)
    },
    body: (messages, driver) => [
      ...eventsAs('messages', asEvents(messages)),
      'const operator = build()',
      'const run = async () => {',
      `  const driver = ${driver({}, 'operator')}`,
      '  await play(driver, messages)',
      '  await driver.end()',
      '  const result = { outputs: driver.outputs(), states: driver.states() }',
      '  await driver.close()',
      '  return result',
      '}',
      'const first = await run()',
      'assert.deepEqual(await run(), first)',
    ],
  })
}
