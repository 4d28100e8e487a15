import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf, type LawOptions } from '../law/law.ts'
import type fc from 'fast-check'
import type { OperatorFunction } from 'rxjs'
import { within } from '../../context/context.ts'
import type { KeyFunction } from '../../key/key.ts'
import { standaloneContext } from '../../context/standalone.ts'
import { createStateCodec } from '../../serialization/codec.ts'
import type { StatePartition } from '../../state/statePartition.ts'
import { Breach } from '../law/breach.ts'
import { difference, shownValue } from '../law/difference.ts'
import { createEntityBytes } from '../contractLaw/entityBytes.ts'
import { byKey, numberOf, outputsOf } from './keyed.ts'
import { pauses } from '../driver/feed.ts'
import type { Same } from '../law/probe.ts'

/** Of the law that entities do not see each other. */
export interface EntitiesOptions<In, State> extends LawOptions {
  /** Messages of several keys, such as `messages({ keys, message })` gives them. */
  readonly messages: fc.Arbitrary<readonly In[]>
  readonly partition: StatePartition<In, State>
  /** Default: the key function of the state partition */
  readonly key?: KeyFunction<In> | undefined
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<State> | undefined
}

/**
 * The law that entities do not see each other: after messages of several keys each entity has the state that the
 * messages of its key alone lead to. The states are to be such as a checkpoint can keep.
 *
 * @param build makes the operator anew, over the state partition
 * @example
 * ```ts
 * import { statePartition } from 'wallarx'
 * import { toStatePartition } from 'wallarx/operators'
 * import { entitiesDoNotSeeEachOther, key } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * const shared: bigint[] = []
 * const seen = statePartition('seen', { key: (key: bigint) => key, build: () => ({ keys: shared }) })
 * const see = () => toStatePartition((key: bigint, { keys }) => [keys.push(key), true], seen)
 * const broken = entitiesDoNotSeeEachOther(see, { partition: seen, messages: fc.array(key()) })
 * await assert.rejects(broken, { code: 'LAW_BROKEN' })
 * ```
 */
export async function entitiesDoNotSeeEachOther<In, State>(
  build: () => OperatorFunction<In, unknown>,
  input: EntitiesOptions<In, State>,
): Promise<void> {
  const {
    messages,
    partition,
    key = partition.key,
    same,
    ...options
  } = knownOptions('entitiesDoNotSeeEachOther', input, {
    messages: true,
    partition: true,
    key: true,
    same: true,
    ...lawOptions,
  })
  await checkLaw({
    law: 'an entity has the state that the messages of its key alone lead to',
    where: { law: 'entitiesDoNotSeeEachOther', partition: partition.name },
    input: recordOf({ messages, pauses }),
    async holds(input) {
      expectOwnStates(partition)
      // Alone first: what one entity leaves to another may come to light in the order of their making.
      const alone = new Map<bigint, State>()
      for (const [number, messagesOfKey] of byKey(input.messages, key ?? (() => 0n))) {
        const states = await statesAfter(build, partition, messagesOfKey, new Set())
        for (const [entity, state] of states) {
          // With a closed set of keys all entities are there.
          if (entity === number) alone.set(entity, state)
          else if (partition.keys === undefined) {
            throw new Breach(`an entity ${entity} made by messages of key ${number}`)
          }
        }
      }
      const together = await statesAfter(build, partition, input.messages, new Set(input.pauses))
      for (const [entity, state] of alone) {
        const path = `the state of entity ${entity}`
        if (!together.has(entity)) throw new Breach(`no entity ${entity}`)
        const got = together.get(entity)!
        const found =
          same === undefined
            ? difference(got, state, path)
            : same(got, state)
              ? undefined
              : `${path}: ${shownValue(got)} in place of ${shownValue(state)}`
        if (found !== undefined) throw new Breach(found)
      }
      const known = new Set([...alone.keys(), ...(partition.keys ?? []).map(numberOf)])
      for (const entity of together.keys()) if (!known.has(entity)) throw new Breach(`an entity ${entity} of no key`)
    },
    options,
  })
}

function expectOwnStates<State>({ build }: StatePartition<never, State>): void {
  const state: unknown = build()
  if (typeof state === 'object' && state !== null && state === build()) {
    throw new Breach('one object from two calls of build, for two entities')
  }
}

/** The states of the entities there are after these messages: copies, as a checkpoint makes them. */
async function statesAfter<In, State>(
  build: () => OperatorFunction<In, unknown>,
  partition: StatePartition<In, State>,
  messages: readonly In[],
  pauses: ReadonlySet<number>,
): Promise<Map<bigint, State>> {
  const context = standaloneContext()
  await within(context, () => outputsOf(build(), messages, pauses))
  const entities = context.entities.of(partition)
  const codec = createStateCodec(partition)
  return new Map(
    [...entities.keys()].map((entity) => {
      const stored = createEntityBytes()
      stored.commit(codec.pack(entities.get(entity)!, entity))
      return [entity, createStateCodec(partition).unpack(stored.bytes(), entity, stored.entriesOf)]
    }),
  )
}
