import type { OperatorFunction } from 'rxjs'
import { knownOptions } from '../../base/option.ts'
import type { Timed } from '../generator/timed.ts'
import { grouped } from '../law/grouped.ts'
import { originsLaw, originsOptions, type OriginsOptions } from './origins.ts'

/**
 * The law that disorder does not matter: where messages of an origin come in disorder, by no more than the pipeline
 * lets them, it gives the same outputs, in whatever order, as where they come in the order of their times. So no window
 * has other messages, none is late, and what an aggregate makes of them does not depend on their order.
 *
 * @param build makes the pipeline anew: it takes what `timed` gives, whose `disorder` is at most the `outOfOrder` of
 * its `eventTime`
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { map, pipe } from 'rxjs'
 * import { tumbling, windowed } from 'wallarx'
 * import { eventTime, toWindows } from 'wallarx/operators'
 * import { disorderDoesNotMatter, timed, type Timed } from 'wallarx/testing'
 *
 * const windows = windowed('windows', { key: () => 0, window: tumbling({ size: 20 }), build: () => 0 })
 * const counted = (add: (n: number, state: number) => number) => () =>
 *   pipe(
 *     eventTime((event: Timed<number>) => event.at, { outOfOrder: 5 }),
 *     map(({ message }) => message),
 *     toWindows({ add, close: (state) => state }, windows),
 *   )
 * const messages = timed(fc.array(fc.nat(9)), { disorder: 5, origins: 2 })
 * await disorderDoesNotMatter(counted((n, sum) => sum + n), { messages })
 * const last = disorderDoesNotMatter(counted((n) => n), { messages })
 * await assert.rejects(last, { code: 'LAW_BROKEN' })
 * ```
 */
export async function disorderDoesNotMatter<In, Out>(
  build: () => OperatorFunction<Timed<In>, Out>,
  options: OriginsOptions<In, Out>,
): Promise<void> {
  await originsLaw(build, knownOptions('disorderDoesNotMatter', options, originsOptions), {
    title: 'messages of an origin in disorder give what they give in the order of their times',
    name: 'disorderDoesNotMatter',
    others: (events) => [byTime(events)],
  })
}

/** Each origin's messages by time, at the places where that origin has its turn. */
function byTime<In>(events: readonly Timed<In>[]): Timed<In>[] {
  const sorted = [...events].sort((one, other) => one.at - other.at)
  const ofOrigin = grouped(sorted, ({ origin }) => origin)
  return events.map(({ origin }) => ofOrigin.get(origin)!.shift()!)
}
