import fc from 'fast-check'
import { map, pipe, type OperatorFunction } from 'rxjs'
import { eventTime } from '../../../operators/eventTime.ts'
import { toStatePartition } from '../../../operators/toStatePartition.ts'
import { knownOptions } from '../../base/option.ts'
import type { Keyed } from '../../step/keyOption.ts'
import type { StateComputation } from '../../step/computation.ts'
import { faults, withFaults, type Fault, type PipelineEvent } from '../driver/faults.ts'
import type { Timed } from '../generator/timed.ts'
import { difference } from '../law/difference.ts'
import { lawOptions, type LawOptions } from '../law/law.ts'
import { literal, pastedTest } from '../law/pastedTest.ts'
import { checkPipelineLaw, eventsAs } from '../pipelineLaw/pipelineLaw.ts'
import {
  expectSameOutputs,
  expectSameStates,
  runThrough,
  stepsBeside,
  type PipelineRun,
} from '../pipelineLaw/pipelineRun.ts'
import { plainTimers } from './plainTimers.ts'

/** Of the law that timers are exact. */
export interface TimersOptions<In> extends LawOptions {
  /** Messages with their times, such as `timed(messages, { disorder })` gives them; they come from one origin. */
  readonly messages: fc.Arbitrary<readonly Timed<In>[]>
  /** Of `eventTime`, in ms. Default: 0 */
  readonly outOfOrder?: number | undefined
  /** What happens besides. Default: `faults()` */
  readonly faults?: fc.Arbitrary<Fault> | undefined
}

const title = 'timers fire once, not early, in order, also across checkpoints and crashes'

/**
 * The law that timers fire once, never early, never lost, and in order: a state computation gives the outputs, in the
 * order, and leaves the states that it does where its entities and their timers are in a plain Map, whatever crashes
 * and restarts there are; so no timer comes back that was cleared or has fired. With `expireAfter` the same of entities
 * that expire. It holds a computation to keeping all it knows in the state, and to saying where it has changed that.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { statePartition, type Timers } from 'wallarx'
 * import { timed, timersAreExact } from 'wallarx/testing'
 *
 * const partition = statePartition('all', { key: (n: number) => n % 2, build: () => ({ sum: 0 }) })
 * const sumUp = (changed: boolean) => ({
 *   compute(n: number, state: { sum: number }, timers: Timers): [undefined, boolean] {
 *     state.sum += n
 *     timers.set('quiet', timers.now + 20)
 *     return [undefined, changed]
 *   },
 *   onTimer: (_name: string | number, _at: number, { sum }: { sum: number }): [number, boolean] => [sum, false],
 * })
 * const messages = timed(fc.array(fc.integer({ min: 1, max: 9 })))
 * await timersAreExact(sumUp(true), partition, { messages, runs: 20 })
 * await assert.rejects(timersAreExact(sumUp(false), partition, { messages }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function timersAreExact<In, State, Out>(
  computation: StateComputation<In, State, Out>,
  partition: Keyed<In, State>,
  input: TimersOptions<In>,
): Promise<void> {
  const known = { messages: true, outOfOrder: true, faults: true, ...lawOptions } as const
  const {
    messages,
    outOfOrder = 0,
    faults: fault = faults(),
    timeout,
    ...options
  } = knownOptions('timersAreExact', input, known)
  const { name, key } = partition
  const build = (): OperatorFunction<Timed<In>, Out> =>
    pipe(
      eventTime(({ at }) => at, { outOfOrder }),
      map(({ message }) => message),
      toStatePartition(computation, partition),
    )
  const expectedOf = (events: readonly PipelineEvent<Timed<In>>[]): PipelineRun<Out> => {
    const sent = events.flatMap((event) => ('message' in event ? [event.message] : []))
    const { steps, states } = plainTimers(sent, computation, partition, key, outOfOrder)
    const fresh = partition.build()
    const kept = [...states].filter(([, state]) => difference(state, fresh) !== undefined)
    return {
      steps: stepsBeside(events, steps),
      outputs: steps.flat(),
      takenBack: [],
      states: { [name]: new Map(kept) },
    }
  }
  const left = ({ outputs, states }: PipelineRun<Out>): unknown => ({ outputs, states: states[name] })
  await checkPipelineLaw({
    law: title,
    name: 'timersAreExact',
    input: fc.record({ events: withFaults(messages, { faults: fault }) }, { noNullPrototype: true }),
    eventsOf: ({ events }) => events,
    beside: '`computation` and `partition`',
    async holds({ events }) {
      const expected = expectedOf(events)
      const driver = { delivery: 'exactly once', durable: true, timeout } as const
      const { states, ...got } = await runThrough(build, events, driver)
      const run = { ...got, states: { [name]: states[name] ?? new Map<bigint, unknown>() } }
      await expectSameOutputs(run, expected)
      expectSameStates(run, expected)
    },
    test: ({ events }) =>
      pastedTest({
        title,
        uses: ['play', 'testPipeline', 'type PipelineEvent'],
        imports: [
          "import { map, pipe } from 'rxjs'",
          "import { eventTime, toStatePartition } from 'wallarx/operators'",
        ],
        body: [
          ...eventsAs('events', events),
          'const build = () =>',
          '  pipe(',
          `    eventTime(({ at }: any) => at, { outOfOrder: ${outOfOrder} }),`,
          '    map(({ message }) => message),',
          '    toStatePartition(computation, partition),',
          '  )',
          "const driver = await testPipeline(build(), { delivery: 'exactly once' })",
          'await play(driver, events, { build })',
          'await driver.end()',
          'const outputs = driver.outputs()',
          'await driver.restart(build()) // what it knows now is what is in the store',
          'const states = driver.states()[partition.name] ?? new Map()',
          'await driver.close()',
          `assert.deepEqual({ outputs, states }, ${literal(left(expectedOf(events)))})`,
        ],
      }),
    options,
  })
}
