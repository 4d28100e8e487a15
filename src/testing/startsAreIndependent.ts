import { eventLines, pastedTest } from './pastedTest.ts'
import {
  asEvents,
  checkPipelineLaw,
  driverOptions,
  runOptions,
  type BuildPipeline,
  type PipelineLawOptions,
} from './pipelineLaw.ts'
import { expectSameOutputs, expectSameStates, runThrough } from './pipelineRun.ts'
import { testPipeline } from './testPipeline.ts'

const title = 'each subscription to one pipeline begins anew'

/**
 * The law that one operator value serves any number of runs: a second one, over an empty store, gives what the first one gave.
 * State that is kept where the operator is made, and not in its subscription or in a state partition, shows. For two
 * subscriptions at once see `subscriptionsAreIndependent`.
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
  const { input } = options
  const driver = runOptions(options)
  await checkPipelineLaw({
    law: title,
    name: 'startsAreIndependent',
    input,
    async holds(messages) {
      const operator = build()
      const first = await runThrough(() => operator, asEvents(messages), driver)
      await (await testPipeline(operator, driver)).close() // one that is abandoned
      const second = await runThrough(() => operator, asEvents(messages), driver)
      await expectSameOutputs(second, first)
      expectSameStates(second, first)
    },
    eventsOf: asEvents,
    test: (messages) =>
      pastedTest({
        title,
        uses: ['play', 'testPipeline', 'type PipelineEvent'],
        body: [
          'const messages: PipelineEvent<any>[] = [',
          ...eventLines(asEvents(messages)),
          ']',
          'const operator = build()',
          'const run = async () => {',
          `  const driver = await testPipeline(operator${driverOptions(options)})`,
          '  await play(driver, messages)',
          '  await driver.end()',
          '  const result = { outputs: driver.outputs(), states: driver.states() }',
          '  await driver.close()',
          '  return result',
          '}',
          'const first = await run()',
          'assert.deepEqual(await run(), first)',
        ],
      }),
    options,
  })
}
