import fc from 'fast-check'
import { connect, filter, map, pipe, type Observable, type OperatorFunction } from 'rxjs'
import { to } from '../../../operators/to.ts'
import { joinWithin } from '../../../operators/time/joinWithin.ts'
import { knownOptions } from '../../base/option.ts'
import type { JoinWithinOptions } from '../../time/join/options.ts'
import { faults, withFaults, type Fault, type PipelineEvent } from '../driver/faults.ts'
import { lawOptions, type LawOptions } from '../law/law.ts'
import { literal, pastedTest } from '../law/pastedTest.ts'
import { checkPipelineLaw, eventsAs } from '../pipelineLaw/pipelineLaw.ts'
import { expectSameOutputs, runThrough, stepsBeside, type PipelineRun } from '../pipelineLaw/pipelineRun.ts'
import { plainJoin, type LateOfSide, type OfSide } from './plainJoin.ts'

/** Of the law that a join is exact. */
export interface JoinLawOptions<Left, Right> extends LawOptions {
  /** What comes from the left, in this order; how both sides take turns is up to the law. */
  readonly lefts: fc.Arbitrary<readonly Left[]>
  /** What comes from the right. */
  readonly rights: fc.Arbitrary<readonly Right[]>
  /** What happens besides. Default: `faults()` */
  readonly faults?: fc.Arbitrary<Fault> | undefined
}

const title = 'a join gives what it gives where each message meets all others, also across crashes'

/**
 * The law that a join is exact: it gives the pairs, in the order, that come of comparing each message with all that
 * came before it, those that have met nothing, and the same late messages, whatever crashes and restarts there are. It
 * holds `combine`, `key` and `at` to depending on their messages alone, and the messages to being such as a checkpoint
 * keeps.
 *
 * @param join what `joinWithin` takes; its `late` is not used
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { joinIsExact } from 'wallarx/testing'
 *
 * interface Event { id: number; at: number }
 * const side = { key: ({ id }: Event) => id, at: ({ at }: Event) => at }
 * const join = (combine: (one: Event, other: Event) => string) =>
 *   ({ name: 'pairs', left: side, right: side, after: 10, outOfOrder: 20, combine })
 * const events = fc.array(fc.record({ id: fc.nat(1), at: fc.nat(30) }))
 * const sides = { lefts: events, rights: events }
 * await joinIsExact(join(({ id, at }, other) => `${id}: ${at}, ${other.at}`), { ...sides, runs: 20 })
 * let pairs = 0
 * const numbered = join(() => `${pairs++}`)
 * await assert.rejects(joinIsExact(numbered, sides), { code: 'LAW_BROKEN' })
 * ```
 */
export async function joinIsExact<Left, Right, Out, Late = never>(
  join: JoinWithinOptions<Left, Right, Out, Late>,
  input: JoinLawOptions<Left, Right>,
): Promise<void> {
  const known = { lefts: true, rights: true, faults: true, ...lawOptions } as const
  const { lefts, rights, faults: fault = faults(), timeout, ...options } = knownOptions('joinIsExact', input, known)
  const build = (): OperatorFunction<OfSide<Left, Right>, Out | LateOfSide<Left, Right>> => {
    const late = (message: Left | Right): LateOfSide<Left, Right> => ({ late: message })
    const options = { ...join, late } as JoinWithinOptions<Left, Right, Out, LateOfSide<Left, Right>>
    return pipe(
      connect((all: Observable<OfSide<Left, Right>>) =>
        all.pipe(
          filter((one) => 'left' in one),
          map((one) => one.left),
          joinWithin(
            all.pipe(
              filter((one) => 'right' in one),
              map((one) => one.right),
            ),
            options,
          ),
        ),
      ),
      to((output) => output), // so that its source is inside the pipeline, too
    )
  }
  const expectedOf = (
    events: readonly PipelineEvent<OfSide<Left, Right>>[],
  ): PipelineRun<Out | LateOfSide<Left, Right>> => {
    const sent = events.flatMap((event) => ('message' in event ? [event.message] : []))
    const steps = plainJoin(sent, join)
    return { steps: stepsBeside(events, steps), outputs: steps.flat(), takenBack: [], states: {} }
  }
  await checkPipelineLaw({
    law: title,
    name: 'joinIsExact',
    input: fc.record({ events: withFaults(takingTurns(lefts, rights), { faults: fault }) }, { noNullPrototype: true }),
    eventsOf: ({ events }) => events,
    beside: '`join`, the options',
    async holds({ events }) {
      const expected = expectedOf(events)
      await expectSameOutputs(await runThrough(build, events, { delivery: 'exactly once', timeout }), expected)
    },
    test: ({ events }) =>
      pastedTest({
        title,
        uses: ['play', 'testPipeline', 'type PipelineEvent'],
        imports: [
          "import { connect, filter, map, pipe } from 'rxjs'",
          "import { joinWithin, to } from 'wallarx/operators'",
        ],
        body: [
          ...eventsAs('events', events),
          "const of = (side: 'left' | 'right') => pipe(filter((one: any) => side in one), map((one) => one[side]))",
          'const late = (message: any) => ({ late: message })',
          'const build = () =>',
          '  pipe(',
          "    connect((all) => all.pipe(of('left'), joinWithin(all.pipe(of('right')), { ...join, late }))),",
          '    to((output) => output),',
          '  )',
          "const driver = await testPipeline(build(), { delivery: 'exactly once' })",
          'await play(driver, events, { build })',
          'await driver.end()',
          'const got = driver.outputs()',
          'await driver.close()',
          `assert.deepEqual(got, ${literal(expectedOf(events).outputs)})`,
        ],
      }),
    options,
  })
}

const takingTurns = <Left, Right>(
  lefts: fc.Arbitrary<readonly Left[]>,
  rights: fc.Arbitrary<readonly Right[]>,
): fc.Arbitrary<OfSide<Left, Right>[]> =>
  fc.tuple(lefts, rights, fc.array(fc.boolean(), { maxLength: 60, size: 'max' })).map(([lefts, rights, turns]) => {
    const left = lefts.map((one) => ({ left: one }))
    const right = rights.map((one) => ({ right: one }))
    const taken = turns.flatMap((isLeft): OfSide<Left, Right>[] => (isLeft ? left : right).splice(0, 1))
    return [...taken, ...left, ...right]
  })
