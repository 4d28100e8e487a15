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
import { expectSameOutputs, runThrough } from './pipelineRun.ts'

const title = 'outputs come in the order of their messages, however fast those come'

/**
 * The law that order does not depend on speed: messages that follow each other at once lead to the outputs, in the order, that
 * they lead to when each is through before the next one comes; with a `key`, for each key. Time is virtual, so a step may take as
 * long as it likes. It is not made for pipelines whose outputs depend on time, such as one with a `debounceTime`.
 *
 * @param build makes the pipeline anew
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { to } from 'wallarx/operators'
 * import { speedDoesNotMatter } from 'wallarx/testing'
 * import { mergeMap } from 'rxjs'
 *
 * const slowly = (n: number) => new Promise<number>((resolve) => setTimeout(resolve, 1000 * n, n))
 * const input = fc.array(fc.nat(9))
 * await speedDoesNotMatter(() => to(slowly, { concurrency: 4 }), { input, runs: 20 })
 * await assert.rejects(speedDoesNotMatter(() => mergeMap(slowly), { input }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function speedDoesNotMatter<In, Out>(
  build: BuildPipeline<In, Out>,
  options: PipelineLawOptions<In>,
): Promise<void> {
  const { input, key } = options
  const driver = runOptions(options)
  await checkPipelineLaw({
    law: title,
    name: 'speedDoesNotMatter',
    input,
    async holds(messages) {
      const oneByOne = await runThrough(build, asEvents(messages), { ...driver, settle: 'timers' })
      const inARush = await runThrough(build, asEvents(messages), { ...driver, settle: false })
      const byKey = key && (() => outputsAlone(build, messages, key, { ...driver, settle: 'timers' }))
      await expectSameOutputs(inARush, oneByOne, byKey)
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
          '',
          `const oneByOne = await testPipeline(build()${driverOptions(options)})`,
          'for (const message of messages) {',
          '  await play(oneByOne, [message])',
          '  await oneByOne.settle({ timers: true })',
          '}',
          'await oneByOne.end()',
          'const expected = oneByOne.outputs()',
          'await oneByOne.close()',
          '',
          `const inARush = await testPipeline(build()${driverOptions(options)})`,
          'await play(inARush, messages, { settle: false })',
          'await inARush.end()',
          'const got = inARush.outputs()',
          'await inARush.close()',
          ...(key === undefined ? [] : ['// Of different keys, outputs may overtake each other.']),
          'assert.deepEqual(got, expected)',
        ],
      }),
    options,
  })
}
