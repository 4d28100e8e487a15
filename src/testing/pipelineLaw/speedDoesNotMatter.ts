import { knownOptions } from '../../base/option.ts'
import {
  asEvents,
  eventsAs,
  outputsAlone,
  pipelineLaw,
  pipelineLawOptions,
  type BuildPipeline,
  type PipelineLawOptions,
} from './pipelineLaw.ts'
import { expectSameOutputs, runThrough } from './pipelineRun.ts'

/**
 * The law that order does not depend on speed: messages that follow each other at once lead to the outputs, in the
 * order, that they lead to when each is through before the next one comes; with a `key`, for each key. Time is virtual,
 * so a step may take as long as it likes. It is not made for pipelines whose outputs depend on time, such as one with a
 * `debounceTime`.
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
  knownOptions('speedDoesNotMatter', options, pipelineLawOptions)
  const { input, key } = options
  await pipelineLaw({
    title: 'outputs come in the order of their messages, however fast those come',
    name: 'speedDoesNotMatter',
    options,
    input,
    eventsOf: asEvents,
    async holds(messages, driver) {
      const oneByOne = await runThrough(build, asEvents(messages), { ...driver, settle: 'timers' })
      const inARush = await runThrough(build, asEvents(messages), { ...driver, settle: false })
      const byKey = key && (() => outputsAlone(build, messages, key, { ...driver, settle: 'timers' }))
      await expectSameOutputs(inARush, oneByOne, byKey)
    },
    body: (messages, driver) => [
      ...eventsAs('messages', asEvents(messages)),
      '',
      `const oneByOne = ${driver()}`,
      'for (const message of messages) {',
      '  await play(oneByOne, [message])',
      '  await oneByOne.settle({ timers: true })',
      '}',
      'await oneByOne.end()',
      'const expected = oneByOne.outputs()',
      'await oneByOne.close()',
      '',
      `const inARush = ${driver()}`,
      'await play(inARush, messages, { settle: false })',
      'await inARush.end()',
      'const got = inARush.outputs()',
      'await inARush.close()',
      ...(key === undefined ? [] : ['// Of different keys, outputs may overtake each other.']),
      'assert.deepEqual(got, expected)',
    ],
  })
}
