import type { ClusterEvent } from '../cluster/disturbance.ts'
import { clusterEventLines } from '../cluster/shownEvents.ts'
import { pastedTest } from '../law/pastedTest.ts'
import type { PipelineLawOptions } from './pipelineLaw.ts'

export const workersTitle =
  'on any number of workers, whatever happens to them, each key leads to what it leads to in one process'

/** In ms: so short that others take over within a pause. */
export const sessionTimeout = 500

/** One try. */
export interface WorkersTrial<In> {
  readonly events: readonly ClusterEvent<In>[]
  readonly workers: number
  readonly groupProtocol: 'classic' | 'consumer'
  readonly seed: number
}

/** The test that shows a breach. */
export function workersTest<In>(
  { events, workers, groupProtocol, seed }: WorkersTrial<In>,
  { key, onError }: Pick<PipelineLawOptions<In>, 'key' | 'onError'>,
): string {
  const skipping = onError === 'skip' ? ["onError: 'skip'"] : []
  const driver = skipping.length === 0 ? '' : `, { ${skipping.join(', ')} }`
  const options = [
    `workers: ${workers}`,
    `groupProtocol: '${groupProtocol}'`,
    `seed: ${seed}`,
    `sessionTimeout: ${sessionTimeout}`,
    ...(key === undefined ? [] : ['key']),
    ...skipping,
  ]
  /** What these messages lead to in one process: `expected`. */
  const alone = (messages: string): string[] => [
    `const alone = await testPipeline(build()${driver})`,
    `alone.send(...${messages})`,
    'await alone.end()',
    'const expected = alone.outputs()',
    'await alone.close()',
  ]
  return pastedTest({
    title: workersTitle,
    uses: ['playOnCluster', 'simulateCluster', 'testPipeline', 'type ClusterEvent'],
    body: [
      'const events: ClusterEvent<any>[] = [',
      ...clusterEventLines(events),
      ']',
      "const messages = events.flatMap((event) => ('message' in event ? [event.message] : []))",
      `const options = { ${options.join(', ')} } as const`,
      'const cluster = await simulateCluster(build, options)',
      'await playOnCluster(cluster, events)',
      'const got = cluster.outputs()',
      'await cluster.close()',
      '',
      ...(key === undefined ? [...alone('messages'), 'assert.deepEqual(got, expected)'] : ofEachKey(alone)),
    ],
    ...(key !== undefined && { imports: ["import { isDeepStrictEqual } from 'node:util'"] }),
  })
}

const ofEachKey = (alone: (messages: string) => string[]): string[] => [
  '// Of different keys, outputs may overtake each other; those of one key may not.',
  'let count = 0',
  'for (const one of new Set(messages.map((message) => BigInt(key(message))))) {',
  ...alone('messages.filter((message) => BigInt(key(message)) === one)').map((line) => `  ${line}`),
  '  const own = got.filter((output) => expected.some((other) => isDeepStrictEqual(output, other)))',
  '  assert.deepEqual(own, expected)',
  '  count += expected.length',
  '}',
  'assert.equal(got.length, count)',
]
