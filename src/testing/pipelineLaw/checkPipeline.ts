import { invalidOption, knownOptions, type OptionNames } from '../../base/option.ts'
import fc from 'fast-check'
import type { OperatorFunction } from 'rxjs'
import { crashesDoNotMatter } from './crashesDoNotMatter.ts'
import type { Fault } from '../driver/faults.ts'
import { keysStayApart } from './keysStayApart.ts'
import { checkOperatorLaw, type OperatorLawName } from '../operatorLaw/operatorLaws.ts'
import { testPipeline } from '../driver/testPipeline.ts'
import { pipelineLawOptions, type PipelineLawOptions } from './pipelineLaw.ts'
import { slowSinksLoseNothing } from './slowSinksLoseNothing.ts'
import { speedDoesNotMatter } from './speedDoesNotMatter.ts'
import { startsAreIndependent } from './startsAreIndependent.ts'
import { workersDoNotMatter } from './workersDoNotMatter.ts'

/** The laws that `checkPipeline` holds a pipeline to, by the names of their functions. */
export type PipelineLawName =
  | 'startsAreIndependent'
  | 'crashesDoNotMatter'
  | 'slowSinksLoseNothing'
  | 'speedDoesNotMatter'
  | 'keysStayApart'
  | 'workersDoNotMatter'
  | OperatorLawName

/** Which pipeline, and how it is tried. */
export interface CheckPipelineOptions<In> extends Omit<PipelineLawOptions<In>, 'path'> {
  /** What may happen to it. Default: `faults()` */
  readonly faults?: fc.Arbitrary<Fault> | undefined
  /**
   * Whether the messages are chunks of a byte stream, which may be cut anywhere, the pipeline beginning with `frame`.
   * Default: `false`; with a `framing`, they are
   */
  readonly chunks?: boolean | undefined
  /**
   * Laws that the pipeline is not made for: `speedDoesNotMatter` does not hold where outputs depend on time
   * (`debounceTime`), `errorsComeOnce` not where errors are caught. Default: none
   */
  readonly except?: readonly PipelineLawName[] | undefined
}

/**
 * Holds a pipeline to all laws that apply, on random inputs and faults: crashes and restarts anywhere, a sink that is
 * slow or lost, messages that come fast or slowly, keys that have nothing to do with each other (with a `key`),
 * independent subscriptions, errors that come once, `take(n)`, teardown, cutting (where the input is bytes), and many
 * workers on Kafka (with a `key`, where there is a state partition; a quarter of the runs, because each takes longer).
 *
 * Rejects with `LAW_BROKEN` for the first law that does not hold. The message says what was expected and got, and the
 * smallest input that shows it: as a list of events, as a marble diagram, and as a test to be pasted beside `build`.
 *
 * @param build makes the pipeline, from source to sink and without both, anew. It is called for every start, as a
 * program is run anew after a crash: what it keeps outside of state partitions is gone then
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { statePartition } from 'wallarx'
 * import { toStatePartition } from 'wallarx/operators'
 * import { checkPipeline } from 'wallarx/testing'
 *
 * const key = (word: string) => word.length
 * const counting = () =>
 *   toStatePartition(
 *     (word: string, state: { count: number }) => [`${word} ${++state.count}`, true],
 *     statePartition('words', { key, build: () => ({ count: 0 }) }),
 *   )
 * await checkPipeline(counting, { input: fc.array(fc.constantFrom('to', 'be', 'not')), key, runs: 20 })
 * ```
 */
export async function checkPipeline<In, Out>(
  build: () => OperatorFunction<In, Out>,
  options: CheckPipelineOptions<In>,
): Promise<void> {
  const { path: _, ...ofEach } = pipelineLawOptions // a path belongs to one law
  const known: OptionNames<CheckPipelineOptions<never>> = { ...ofEach, faults: true, chunks: true, except: true }
  const { faults, chunks: asked, except = [], ...law } = knownOptions('checkPipeline', options, known)
  const { key, framing } = law
  const chunks = asked ?? framing !== undefined
  if (typeof build !== 'function') throw invalidOption('build', 'a function that makes the pipeline', build)
  const laws: Record<PipelineLawName, (() => Promise<void>) | undefined> = {
    // First those that say most about what is wrong.
    startsAreIndependent: () => startsAreIndependent(build, law),
    keysStayApart: key && (() => keysStayApart(build, { ...law, key })),
    speedDoesNotMatter: () => speedDoesNotMatter(build, law),
    crashesDoNotMatter: () => crashesDoNotMatter(build, { ...law, faults }),
    slowSinksLoseNothing: () => slowSinksLoseNothing(build, law),
    workersDoNotMatter:
      key === undefined || chunks
        ? undefined
        : async () => {
            const { framing: _, runs, ...rest } = law
            const fewer = Math.ceil((runs ?? fc.readConfigureGlobal().numRuns ?? 100) / 4)
            if (await hasStatePartition(build, rest.onError)) await workersDoNotMatter(build, { ...rest, runs: fewer })
          },
    cuttingDoesNotMatter: chunks ? () => checkOperatorLaw('cuttingDoesNotMatter', build, law) : undefined,
    errorsComeOnce: () => checkOperatorLaw('errorsComeOnce', build, law),
    takeStopsTheSource: () => checkOperatorLaw('takeStopsTheSource', build, law),
    teardownHappensOnce: () => checkOperatorLaw('teardownHappensOnce', build, law),
  }
  for (const name of except) {
    if (!(name in laws)) throw invalidOption('except', `names of laws: ${Object.keys(laws).join(', ')}`, name)
  }
  for (const [name, check] of Object.entries(laws)) {
    if (!except.includes(name as PipelineLawName)) await check?.()
  }
}

async function hasStatePartition<In, Out>(
  build: () => OperatorFunction<In, Out>,
  onError: CheckPipelineOptions<In>['onError'],
): Promise<boolean> {
  const driver = await testPipeline(build(), onError === undefined ? {} : { onError })
  try {
    return Object.keys(driver.states()).length > 0
  } finally {
    await driver.close()
  }
}
