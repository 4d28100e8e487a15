import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import fc from 'fast-check'
import { take, tap, type OperatorFunction } from 'rxjs'
import { Breach } from '../law/breach.ts'
import { feed, pauses } from '../driver/feed.ts'
import { seenOf } from '../law/probe.ts'
import type { OperatorLawOptions } from './subscriptionsAreIndependent.ts'
import { turns } from '../driver/drive.ts'

/**
 * The law that `take(n)` stops the source: when nobody wants more outputs, no further message is taken, also from a
 * source that emits one message synchronously after the other, and the source is let go of.
 *
 * @param build makes the operator anew
 * @example
 * ```ts
 * import { takeStopsTheSource } from 'wallarx/testing'
 * import fc from 'fast-check'
 * import { Observable } from 'rxjs'
 *
 * const messages = fc.array(fc.nat(), { minLength: 1 })
 * const textbook = () => (source: Observable<number>) =>
 *   new Observable<number>((subscriber) => source.subscribe({ next: (one) => subscriber.next(one) }))
 * await assert.rejects(takeStopsTheSource(textbook, { messages }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function takeStopsTheSource<In>(
  build: () => OperatorFunction<In, unknown>,
  input: Omit<OperatorLawOptions<In, unknown>, 'same'>,
): Promise<void> {
  const { messages, ...options } = knownOptions('takeStopsTheSource', input, { messages: true, ...lawOptions })
  await checkLaw({
    law: 'no message is taken any more when nobody wants more outputs',
    where: { law: 'takeStopsTheSource' },
    input: recordOf({ messages, pauses, wanted: fc.nat(0xff) }),
    async holds(input) {
      const given = { pauses: new Set(input.pauses) }
      const reference = await seenOf(feed(input.messages, given).source.pipe(build()))
      const available = reference.outputs.length
      if (available === 0) return

      const wanted = 1 + (input.wanted % available)
      const from = feed(input.messages, given)
      let taken = 0
      let pulledThen = 0
      await seenOf(
        from.source.pipe(
          build(),
          tap(() => {
            if (++taken === wanted) pulledThen = from.pulled
          }),
          take(wanted),
        ),
      )
      await turns()
      if (from.pulled > pulledThen) {
        throw new Breach(
          `${from.pulled} messages taken where ${pulledThen} led to the ${wanted} outputs that were wanted`,
        )
      }
      if (from.letGo < from.subscribed) {
        throw new Breach(`a source that is still subscribed to after the ${wanted} outputs that were wanted`)
      }
    },
    options,
  })
}
