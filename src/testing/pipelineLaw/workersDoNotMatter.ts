import fc from 'fast-check'
import { knownOptions, type OptionNames } from '../../base/option.ts'
import type { Disturbance } from '../cluster/disturbance.ts'
import { disturbances, withDisturbances } from '../cluster/disturbances.ts'
import { playOnCluster, settleAll } from '../cluster/playOnCluster.ts'
import { clusterEventList } from '../cluster/shownEvents.ts'
import { simulateThrough, type CacheOf, type Through } from '../cluster/simulateThrough.ts'
import { Breach } from '../law/breach.ts'
import { checkLaw, recordOf } from '../law/law.ts'
import {
  asEvents,
  outputsAlone,
  pipelineLawOptions,
  type BuildPipeline,
  type PipelineLawOptions,
} from './pipelineLaw.ts'
import { sessionTimeout, workersTest, workersTitle, type WorkersTrial } from './workersTest.ts'
import { expectSameOutputs, runThrough, type PipelineRun } from './pipelineRun.ts'

/** On how many workers a pipeline is tried, and how. */
export interface WorkersOptions<In> extends Omit<PipelineLawOptions<In>, 'framing'> {
  /** What happens besides. Default: `disturbances()` */
  readonly disturbances?: fc.Arbitrary<Disturbance> | undefined
}

const { framing: _, ...known } = pipelineLawOptions

/**
 * The law that it does not matter on how many workers a pipeline runs, nor what happens to them: for each key the
 * committed outputs are those of one process that nothing happens to, each once and in their order. Workers are killed
 * and frozen at any call to Kafka, join and leave, answers are slow or lost, Kafka is away; in virtual time, over a
 * broker in memory, as `simulateCluster` runs them.
 *
 * On a cluster what is open stays open, since a run ends there by a stop only: with windows or timers, let the input
 * end with a message of each key that closes all that counts, and give no output for what is open behind it.
 *
 * Without a `key` all outputs are expected in one order, which a state partition of many entities does not keep.
 *
 * @param build makes the pipeline anew, as a new process does: it is called for every worker and every start
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { map, scan } from 'rxjs'
 * import { statePartition } from 'wallarx'
 * import { toStatePartition } from 'wallarx/operators'
 * import { workersDoNotMatter } from 'wallarx/testing'
 *
 * const key = (word: string) => word.length
 * const counting = () =>
 *   toStatePartition(
 *     (word: string, state: { count: number }) => [`${word} ${++state.count}`, true],
 *     statePartition('words', { key, build: () => ({ count: 0 }) }),
 *   )
 * const input = fc.array(fc.constantFrom('to', 'be', 'not'))
 * await workersDoNotMatter(counting, { input, key, runs: 20 })
 * const inMemory = () => scan((count: number) => count + 1, 0)
 * await assert.rejects(workersDoNotMatter(inMemory, { input }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function workersDoNotMatter<In, Out>(
  build: BuildPipeline<In, Out>,
  options: WorkersOptions<In>,
): Promise<void> {
  const names: OptionNames<WorkersOptions<never>> = { ...known, disturbances: true }
  await workersThrough((client) => client, build, knownOptions('workersDoNotMatter', options, names))
}

/**
 * The same, with something that stands between the workers and their clients, and with caches: anew for each run.
 * `rest`, in ms of virtual time: so long after everything is processed outputs that are missing may still come.
 */
export async function workersThrough<In, Out>(
  through: Through,
  build: BuildPipeline<In, Out>,
  options: WorkersOptions<In>,
  caches?: () => CacheOf,
  rest = 0,
): Promise<void> {
  const { input, key, onError, runs, seed, path, timeout, disturbances: some = disturbances() } = options
  const trials: fc.Arbitrary<WorkersTrial<In>> = recordOf({
    events: withDisturbances(input, { disturbances: some }),
    workers: fc.integer({ min: 1, max: 4 }),
    groupProtocol: fc.constantFrom('classic' as const, 'consumer' as const),
    seed: fc.noShrink(fc.nat(1_000_000)),
  })
  const driver = { ...(onError && { onError }), ...(timeout !== undefined && { timeout }) }

  await checkLaw({
    law: workersTitle,
    where: { law: 'workersDoNotMatter' },
    input: trials,
    async holds(trial) {
      const messages = trial.events.flatMap((event) => ('message' in event ? [event.message] : []))
      const expected = await runThrough<In, Out>(build, asEvents(messages), driver)
      const beside = { key, onError, cacheOf: caches?.(), rest, count: expected.outputs.length }
      const outputs = await outputsOnCluster(through, build, trial, beside)
      const got: PipelineRun<Out> = { ...expected, outputs }
      await expectSameOutputs(got, expected, key && (() => outputsAlone(build, messages, key, driver)))
    },
    show: (trial) =>
      [
        `workers at first: ${trial.workers}, group protocol: ${trial.groupProtocol}`,
        '',
        clusterEventList(trial.events),
        '',
        'As a test, to be pasted beside `build`, which makes the pipeline:',
        '',
        workersTest(trial, options),
      ].join('\n'),
    options: { runs, seed, path, timeout: timeout ?? longestRun },
  })
}

/** In ms of real time. */
const longestRun = 20_000

interface Beside {
  readonly cacheOf: CacheOf | undefined
  /** In ms of virtual time: so long after everything is processed outputs that are missing may still come. */
  readonly rest: number
  /** How many outputs there will be. */
  readonly count: number
}

/** In ms of virtual time: how often it is seen whether all have come, and how long more than all are waited for. */
const look = 100

async function outputsOnCluster<In, Out>(
  through: Through,
  build: BuildPipeline<In, Out>,
  { events, ...trial }: WorkersTrial<In>,
  { cacheOf, rest, count, ...options }: Pick<WorkersOptions<In>, 'key' | 'onError'> & Beside,
): Promise<Out[]> {
  const driving = { ...trial, ...options, sessionTimeout }
  const cluster = await simulateThrough<In, Out>(through, build, driving, cacheOf)
  try {
    await playOnCluster(cluster, events)
    for (let rested = 0; rested < rest && (rested === 0 || cluster.outputs().length < count); rested += look) {
      await cluster.advance(look)
      await settleAll(cluster)
    }
    return cluster.outputs()
  } catch (cause) {
    throw new Breach(`the failure of a worker: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  } finally {
    await cluster.close()
  }
}
