import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf, type LawOptions } from '../law/law.ts'
import type fc from 'fast-check'
import type { OperatorFunction } from 'rxjs'
import type { Key } from '../../key/key.ts'
import { Breach } from '../law/breach.ts'
import { everyPause, feed } from '../driver/feed.ts'
import { byKey } from './keyed.ts'
import { expectSameSeen, probe, seenOf, type Probe, type Same } from '../law/probe.ts'

/** Of the laws about operators. */
export interface OperatorLawOptions<In, Out> extends LawOptions {
  readonly messages: fc.Arbitrary<readonly In[]>
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<Out> | undefined
}

/** Of the law that subscriptions are independent. */
export interface SubscriptionsOptions<In, Out> extends OperatorLawOptions<In, Out> {
  /**
   * The key that an output belongs to, for an operator that promises an order for each key only. Default: one order for
   * all
   */
  readonly outputKey?: ((output: Out) => Key) | undefined
}

/**
 * The law that subscriptions are independent: one operator value gives each of them what an operator of its own would
 * give, whether they come one after the other, after one that was abandoned, both at once, or to one pipeline again.
 *
 * @param build makes the operator anew
 * @example
 * ```ts
 * import { subscriptionsAreIndependent } from 'wallarx/testing'
 * import fc from 'fast-check'
 * import { map, scan } from 'rxjs'
 *
 * const messages = fc.array(fc.nat())
 * await subscriptionsAreIndependent(() => scan((sum: number, one: number) => sum + one, 0), { messages })
 * const broken = () => {
 *   let sum = 0
 *   return map((one: number) => (sum += one))
 * }
 * await assert.rejects(subscriptionsAreIndependent(broken, { messages }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function subscriptionsAreIndependent<In, Out>(
  build: () => OperatorFunction<In, Out>,
  input: SubscriptionsOptions<In, Out>,
): Promise<void> {
  const { messages, outputKey, same, ...options } = knownOptions('subscriptionsAreIndependent', input, {
    messages: true,
    outputKey: true,
    same: true,
    ...lawOptions,
  })
  await checkLaw({
    law: 'each subscription sees what it would see if there were no other',
    where: { law: 'subscriptionsAreIndependent' },
    input: recordOf({ first: messages, second: messages }),
    async holds({ first, second }) {
      const expectedOfFirst = await seenOf(feed(first).source.pipe(build()))
      const expectedOfSecond = await seenOf(feed(second).source.pipe(build()))
      const expectAs = (situation: string, got: Probe<Out>, expected: Probe<Out>): void => {
        try {
          expectSameSeen(ordered(got, outputKey), ordered(expected, outputKey), same)
        } catch (thrown) {
          if (!(thrown instanceof Breach)) throw thrown
          throw new Breach(`${situation}, ${thrown.message}`, { cause: thrown.cause })
        }
      }

      const operator = build()
      const pipeline = feed(first).source.pipe(operator)
      expectAs('in the first subscription', await seenOf(pipeline), expectedOfFirst)
      expectAs('in the second subscription to one pipeline', await seenOf(pipeline), expectedOfFirst)
      expectAs('of another stream afterwards', await seenOf(feed(second).source.pipe(operator)), expectedOfSecond)

      const abandoned = feed(first, { end: 'never' })
      const subscription = probe(abandoned.source.pipe(operator))
      await abandoned.fed
      subscription.unsubscribe()
      const afterwards = await seenOf(feed(second).source.pipe(operator))
      expectAs('after a subscription that was abandoned', afterwards, expectedOfSecond)

      const [one, other] = await Promise.all([
        seenOf(feed(first, { pauses: everyPause(first.length) }).source.pipe(operator)),
        seenOf(feed(second, { pauses: everyPause(second.length) }).source.pipe(operator)),
      ])
      expectAs('in one of two subscriptions at once', one, expectedOfFirst)
      expectAs('in one of two subscriptions at once', other, expectedOfSecond)
    },
    options,
  })
}

/** With the outputs of each key together, in the order of keys. */
function ordered<Out>(seen: Probe<Out>, outputKey: ((output: Out) => Key) | undefined): Probe<Out> {
  if (outputKey === undefined) return seen
  const groups = [...byKey(seen.outputs, outputKey)].sort(([one], [other]) => (one < other ? -1 : 1))
  return { ...seen, end: seen.end, outputs: groups.flatMap(([, outputs]) => outputs) }
}
