import type { OperatorFunction } from 'rxjs'
import { knownOptions } from '../../base/option.ts'
import type { Timed } from '../generator/timed.ts'
import { grouped } from '../law/grouped.ts'
import { originsLaw, originsOptions, type OriginsOptions } from './origins.ts'

/**
 * The law that it does not matter how origins take turns: where one is ahead of the others, or read to its end before
 * them, the outputs are the same, in whatever order. The origins hold the watermark from the start, as files do; of
 * those that come later, such as connections, messages may be late.
 *
 * @param build makes the pipeline anew: it takes what `timed` gives, whose `disorder` is at most the `outOfOrder` of
 * its `eventTime`
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { bufferCount, map, pipe } from 'rxjs'
 * import { tumbling, windowed } from 'wallarx'
 * import { eventTime, toWindows } from 'wallarx/operators'
 * import { interleavingDoesNotMatter, timed, type Timed } from 'wallarx/testing'
 *
 * const windows = windowed('windows', { key: () => 0, window: tumbling({ size: 20 }), build: () => 0 })
 * const counted = () =>
 *   pipe(
 *     eventTime((event: Timed<number>) => event.at),
 *     map(({ message }) => message),
 *     toWindows({ add: (n: number, sum: number) => sum + n, close: (sum) => sum }, windows),
 *   )
 * const messages = timed(fc.array(fc.nat(9)), { origins: 3 })
 * await interleavingDoesNotMatter(counted, { messages })
 * const pairs = interleavingDoesNotMatter(() => bufferCount(2), { messages })
 * await assert.rejects(pairs, { code: 'LAW_BROKEN' })
 * ```
 */
export async function interleavingDoesNotMatter<In, Out>(
  build: () => OperatorFunction<Timed<In>, Out>,
  options: OriginsOptions<In, Out>,
): Promise<void> {
  await originsLaw(build, knownOptions('interleavingDoesNotMatter', options, originsOptions), {
    title: 'origins that take turns give what they give one after the other, and in the order of their times',
    name: 'interleavingDoesNotMatter',
    others(events) {
      const origins = [...grouped(events, ({ origin }) => origin).values()]
      return [origins.flat(), byTime(origins)]
    },
  })
}

/** The origin whose next message is earliest has its turn. */
function byTime<In>(origins: readonly (readonly Timed<In>[])[]): Timed<In>[] {
  const left = origins.map((messages) => [...messages])
  const taken: Timed<In>[] = []
  for (;;) {
    const next = left.filter((messages) => messages.length > 0).sort(([one], [other]) => one!.at - other!.at)[0]
    if (next === undefined) return taken
    taken.push(next.shift()!)
  }
}
