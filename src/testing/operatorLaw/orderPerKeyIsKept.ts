import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import type { OperatorFunction } from 'rxjs'
import { byKey, expectSameByKey, outputsOf, type KeyedOptions } from './keyed.ts'
import { everyPause, pauses } from '../driver/feed.ts'

/**
 * The law that the outputs of a key come in the order of its messages, however many are on their way: fed in a rush, an
 * operator gives for each key what it gives when it is fed one by one, the event loop turning in between.
 *
 * @param build makes the operator anew
 * @example
 * ```ts
 * import { to } from 'wallarx/operators'
 * import { messages, orderPerKeyIsKept } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * await orderPerKeyIsKept(() => to((one: [bigint, number]) => Promise.resolve(one), { concurrency: 4 }), {
 *   messages: messages({ keys: 3, message: (key) => fc.tuple(fc.constant(key), fc.nat(9)) }),
 *   outputKey: ([key]) => key,
 * })
 * ```
 */
export async function orderPerKeyIsKept<In, Out>(
  build: () => OperatorFunction<In, Out>,
  input: Omit<KeyedOptions<In, Out>, 'key'>,
): Promise<void> {
  const { messages, outputKey, same, ...options } = knownOptions('orderPerKeyIsKept', input, {
    messages: true,
    outputKey: true,
    same: true,
    ...lawOptions,
  })
  await checkLaw({
    law: 'the outputs of each key come in the order of its messages',
    where: { law: 'orderPerKeyIsKept' },
    input: recordOf({ messages, pauses }),
    async holds(input) {
      const oneByOne = await outputsOf(build(), input.messages, everyPause(input.messages.length))
      const rushed = await outputsOf(build(), input.messages, new Set(input.pauses))
      expectSameByKey(byKey(rushed, outputKey), byKey(oneByOne, outputKey), same)
    },
    options,
  })
}
