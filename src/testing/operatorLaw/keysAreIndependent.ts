import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import type { OperatorFunction } from 'rxjs'
import { byKey, expectSameByKey, outputsOf, type KeyedOptions } from './keyed.ts'
import { pauses } from '../driver/feed.ts'

/**
 * The law that the outputs of a key do not depend on what other keys do: for messages of several keys an operator gives
 * for each key what it gives for the messages of that key alone.
 *
 * @param build makes the operator anew
 * @example
 * ```ts
 * import { statePartition } from 'wallarx'
 * import { toStatePartition } from 'wallarx/operators'
 * import { keysAreIndependent, messages } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * const counts = statePartition('counts', { key: (key: bigint) => key, build: () => ({ count: 0 }) })
 * const count = () =>
 *   toStatePartition((key: bigint, state: { count: number }) => [{ key, count: ++state.count }, true], counts)
 * await keysAreIndependent(count, {
 *   messages: messages({ keys: 3, message: (key) => fc.constant(key) }),
 *   key: (key) => key,
 *   outputKey: ({ key }) => key,
 * })
 * ```
 */
export async function keysAreIndependent<In, Out>(
  build: () => OperatorFunction<In, Out>,
  input: KeyedOptions<In, Out>,
): Promise<void> {
  const { messages, key, outputKey, same, ...options } = knownOptions('keysAreIndependent', input, {
    messages: true,
    key: true,
    outputKey: true,
    same: true,
    ...lawOptions,
  })
  await checkLaw({
    law: 'the outputs of a key do not depend on what other keys do',
    where: { law: 'keysAreIndependent' },
    input: recordOf({ messages, pauses }),
    async holds(input) {
      const together = await outputsOf(build(), input.messages, new Set(input.pauses))
      const alone: Out[] = []
      for (const messagesOfKey of byKey(input.messages, key).values()) {
        alone.push(...(await outputsOf(build(), messagesOfKey, new Set())))
      }
      expectSameByKey(byKey(together, outputKey), byKey(alone, outputKey), same)
    },
    options,
  })
}
