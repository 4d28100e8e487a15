import { knownOptions } from '../../base/option.ts'
import type { Key } from '../../key/key.ts'
import { shownValue } from '../law/difference.ts'
import { eventLines, literal } from '../law/pastedTest.ts'
import {
  asEvents,
  groupedByKey,
  pipelineLaw,
  pipelineLawOptions,
  type BuildPipeline,
  type PipelineLawOptions,
} from './pipelineLaw.ts'
import { expectSameStates, isInterleaving, PipelineBreach, runThrough, type PipelineRun } from './pipelineRun.ts'

export interface KeysOptions<In> extends PipelineLawOptions<In> {
  readonly key: (message: In) => Key
}

/**
 * The law that keys have nothing to do with each other: the outputs are made of those that the messages of each key
 * lead to alone, each in its order, and every entity has the state that the messages of one key alone lead to.
 *
 * @param build makes the pipeline anew
 * @example
 * ```ts
 * import { statePartition } from 'wallarx'
 * import { toStatePartition } from 'wallarx/operators'
 * import { keysStayApart, messages } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * const input = messages({ keys: 3, message: (key) => fc.tuple(fc.constant(key), fc.nat(9)) })
 * const key = ([account]: [bigint, number]) => account
 * const totals = (state: () => { total: number }) => () =>
 *   toStatePartition(
 *     ([account, n]: [bigint, number], own: { total: number }) => [`${account}: ${(own.total += n)}`, true],
 *     statePartition('totals', { key, build: state }),
 *   )
 * await keysStayApart(totals(() => ({ total: 0 })), { input, key, runs: 20 })
 * const shared = { total: 0 }
 * await assert.rejects(keysStayApart(totals(() => shared), { input, key }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function keysStayApart<In, Out>(build: BuildPipeline<In, Out>, options: KeysOptions<In>): Promise<void> {
  knownOptions('keysStayApart', options, pipelineLawOptions)
  const { input, key } = options
  await pipelineLaw({
    title: 'what a key leads to does not depend on the messages of other keys',
    name: 'keysStayApart',
    options,
    input,
    eventsOf: asEvents,
    async holds(messages, driver) {
      const got = await runThrough(build, asEvents(messages), driver)
      const alone: PipelineRun<Out>[] = []
      const groups = groupedByKey(messages, key)
      for (const group of groups) alone.push(await runThrough(build, asEvents(group), driver))
      const states = joined(alone, got)
      const parts = alone.map(({ outputs }) => outputs)
      if (!isInterleaving(got.outputs, parts)) {
        const each = groups.map((group, at) => `\n  of ${BigInt(key(group[0]!))} alone: ${shownValue(parts[at])}`)
        throw new PipelineBreach(
          'outputs that are not made of what each key leads to alone\n' +
            `  of all together: ${shownValue(got.outputs)}${each.join('')}`,
          { got },
        )
      }
      expectSameStates(got, { ...got, steps: [], states })
    },
    body(messages, driver) {
      const groups = groupedByKey(messages, key)
      const all = (what: string): string => groups.map((_, at) => `...alone${at + 1}.${what}`).join(', ')
      return [
        'const run = async (messages: PipelineEvent<any>[]) => {',
        `  const driver = ${driver()}`,
        '  await play(driver, messages)',
        '  await driver.end()',
        '  const states = Object.entries(driver.states()).flatMap(([name, all]) =>' +
          ' [...all].map(([key, state]) => ({ name, key, state })))',
        '  await driver.close()',
        '  return { outputs: driver.outputs(), states }',
        '}',
        'const together = await run([',
        ...eventLines(asEvents(messages)),
        '])',
        ...groups.flatMap((group, at) => [
          `const alone${at + 1} = await run([ // key ${literal(BigInt(key(group[0]!)))}`,
          ...eventLines(asEvents(group)),
          '])',
        ]),
        '// Sorted, because it does not matter how the keys take turns.',
        'const sorted = (all: unknown[]) => all.map((one) => inspect(one, { depth: Infinity })).sort()',
        `assert.deepEqual(sorted(together.outputs), sorted([${all('outputs')}]))`,
        `assert.deepEqual(sorted(together.states), sorted([${all('states')}]))`,
      ]
    },
    imports: ["import { inspect } from 'node:util'"],
  })
}

/** The states of all runs together. Throws where two of them have changed the same entity. */
function joined<Out>(alone: readonly PipelineRun<Out>[], got: PipelineRun<Out>): Record<string, Map<bigint, unknown>> {
  const states: Record<string, Map<bigint, unknown>> = {}
  for (const [name, entities] of alone.flatMap((run) => Object.entries(run.states))) {
    const all = (states[name] ??= new Map())
    for (const [entity, state] of entities) {
      if (all.has(entity)) {
        throw new PipelineBreach(`the entity ${entity} of ${name}, which messages of different keys change`, { got })
      }
      all.set(entity, state)
    }
  }
  return states
}
