import type fc from 'fast-check'
import { filter, map, pipe, type OperatorFunction } from 'rxjs'
import { eventTime } from '../../../operators/eventTime.ts'
import { toStatePartition } from '../../../operators/toStatePartition.ts'
import { invalidOption, knownOptions } from '../../base/option.ts'
import type { StateComputation } from '../../step/computation.ts'
import type { Keyed } from '../../step/keyOption.ts'
import type { Timed } from '../generator/timed.ts'
import { Breach } from '../law/breach.ts'
import { shownValue } from '../law/difference.ts'
import { grouped } from '../law/grouped.ts'
import { checkLaw, lawOptions, recordOf, type LawOptions } from '../law/law.ts'
import { isInterleaving } from '../pipelineLaw/pipelineRun.ts'
import { outputsOfOrigins, shownTimed } from './origins.ts'
import { bigintOf } from './plainTimers.ts'

/** Of the law that expired entities are forgotten. */
export interface ExpiryOptions<In> extends LawOptions {
  /** Messages with their times, such as `timed(messages, { disorder })` gives them; they come from one origin. */
  readonly messages: fc.Arbitrary<readonly Timed<In>[]>
  /** Of `eventTime`, in ms. Default: 0 */
  readonly outOfOrder?: number | undefined
}

const title = 'an entity that expired is as if it had never been'

/**
 * The law that an entity which has expired is as if it had never been: what comes for its key after that gives what it
 * gives where nothing came before it, at the same time and beside the same other entities. It holds a computation to
 * keeping nothing outside of the state, and `build` to making a state anew. Needs a state partition with `expireAfter`.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { statePartition } from 'wallarx'
 * import { expiredEntitiesAreForgotten, timed } from 'wallarx/testing'
 *
 * const count = (_n: number, state: { count: number }): [number, boolean] => [++state.count, true]
 * const visitors = (build: () => { count: number }) =>
 *   statePartition('visitors', { key: (n: number) => n, build, expireAfter: 15 })
 * const messages = timed(fc.array(fc.nat(2)))
 * await expiredEntitiesAreForgotten({ compute: count }, visitors(() => ({ count: 0 })), { messages })
 * const shared = { count: 0 }
 * const broken = expiredEntitiesAreForgotten({ compute: count }, visitors(() => shared), { messages })
 * await assert.rejects(broken, { code: 'LAW_BROKEN' })
 * ```
 */
export async function expiredEntitiesAreForgotten<In, State, Out>(
  computation: StateComputation<In, State, Out>,
  partition: Keyed<In, State>,
  input: ExpiryOptions<In>,
): Promise<void> {
  const known = { messages: true, outOfOrder: true, ...lawOptions } as const
  const name = 'expiredEntitiesAreForgotten'
  const { messages, outOfOrder = 0, ...options } = knownOptions(name, input, known)
  const { expireAfter, key } = partition
  if (expireAfter === undefined) {
    throw invalidOption('the state partition', 'one with expireAfter', partition.name, { partition: partition.name })
  }

  /** What comes of those that reach the step; of the others there is only their time. */
  const outputsOf = (events: readonly Timed<In>[], reach: (event: Timed<In>) => boolean): Promise<readonly Out[]> => {
    const operator: OperatorFunction<Timed<In>, Out> = pipe(
      eventTime(({ at }) => at, { outOfOrder }),
      filter(reach),
      map(({ message }) => message),
      toStatePartition(computation, partition),
    )
    return outputsOfOrigins(events, operator)
  }

  await checkLaw({
    law: title,
    where: { law: name, partition: partition.name },
    input: recordOf({ messages }),
    async holds({ messages }) {
      const events = messages.map((event) => ({ ...event, origin: 'one' }))
      const lives = livesOf(events, key, expireAfter, outOfOrder)
      const got = await outputsOf(events, () => true)
      const alone: (readonly Out[])[] = []
      for (const life of lives.values()) alone.push(await outputsOf(events, (event) => life.includes(event)))
      if (isInterleaving(got, alone)) return
      const each = [...lives.keys()].map((life, at) => `\n  of ${life} alone: ${shownValue(alone[at])}`)
      throw new Breach(
        'outputs that are not made of what the messages between one expiry and the next give alone\n' +
          `  of all together: ${shownValue(got)}${each.join('')}`,
      )
    },
    show: ({ messages: events }) =>
      shownTimed(events, {
        title,
        name,
        first: 'computation, partition',
        more: outOfOrder === 0 ? [] : [`outOfOrder: ${outOfOrder}`],
      }),
    options,
  })
}

/** The messages of each entity from its first one on, or from an expiry, up to the next expiry. */
function livesOf<In>(
  events: readonly Timed<In>[],
  key: Keyed<In, unknown>['key'],
  expireAfter: number,
  outOfOrder: number,
): Map<string, Timed<In>[]> {
  let watermark = -Infinity
  const present = new Map<bigint, { nth: number; last: number }>()
  return grouped(events, ({ message, at }) => {
    watermark = Math.max(watermark, at - outOfOrder)
    const of = bigintOf(key(message))
    const { nth, last } = present.get(of) ?? { nth: 0, last: -Infinity }
    const isNew = last + expireAfter <= watermark
    present.set(of, isNew ? { nth: nth + 1, last: at } : { nth, last: Math.max(last, at) })
    return `${of}, for the ${isNew ? nth + 1 : nth}. time`
  })
}
