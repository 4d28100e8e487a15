import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import fc from 'fast-check'
import { take, type OperatorFunction } from 'rxjs'
import { Breach } from '../law/breach.ts'
import { feed, pauses } from '../driver/feed.ts'
import { expectNoStrays, probe } from '../law/probe.ts'
import type { OperatorLawOptions } from './subscriptionsAreIndependent.ts'
import { turns } from '../driver/drive.ts'

/** Notes that something was acquired, such as a timer or a file; the result notes that it was let go of. */
export type Acquire = () => () => void

/**
 * The law that a subscription lets go of everything, once, in whichever way it ends: it completes, fails, is
 * unsubscribed from or wants no more. The source is unsubscribed from then, nothing is sent any more, and whatever
 * `build` acquired is released exactly once.
 *
 * @param build makes the operator anew; calls `acquire` where the operator acquires something, and its result where it
 * releases it, if it has anything besides its source
 * @example
 * ```ts
 * import { teardownHappensOnce } from 'wallarx/testing'
 * import fc from 'fast-check'
 * import { defer, finalize, type Observable } from 'rxjs'
 *
 * await teardownHappensOnce(
 *   (acquire) => (source: Observable<number>) => defer(() => source.pipe(finalize(acquire()))),
 *   { messages: fc.array(fc.nat()) },
 * )
 * ```
 */
export async function teardownHappensOnce<In>(
  build: (acquire: Acquire) => OperatorFunction<In, unknown>,
  input: Omit<OperatorLawOptions<In, unknown>, 'same'>,
): Promise<void> {
  const { messages, ...options } = knownOptions('teardownHappensOnce', input, { messages: true, ...lawOptions })
  await checkLaw({
    law: 'a subscription lets go of everything once, in whichever way it ends',
    where: { law: 'teardownHappensOnce' },
    input: recordOf({ messages, pauses, ending }),
    async holds(input) {
      const releases: number[] = [] // how often each was released that was acquired
      const acquire: Acquire = () => {
        const index = releases.push(0) - 1
        return () => {
          releases[index]!++
        }
      }
      const { kind } = input.ending
      const from = feed(input.messages, {
        pauses: new Set(input.pauses),
        end: kind === 'completes' ? 'complete' : kind === 'fails' ? { error: new Error('the source failed') } : 'never',
      })
      const pipeline = from.source.pipe(build(acquire))
      const seen = probe(kind === 'takes' ? pipeline.pipe(take(input.ending.count)) : pipeline)
      if (kind === 'completes' || kind === 'fails') await seen.ended
      else if (kind === 'takes') await Promise.race([seen.ended, from.fed])
      else await turns(input.ending.count)
      seen.unsubscribe()
      seen.unsubscribe()
      const stillSubscribed = from.subscribed - from.letGo
      await turns()
      if (stillSubscribed > 0) throw new Breach(`a source that is still subscribed to after ${endings[kind]}`)
      expectNoStrays(seen)
      const odd = releases.find((count) => count !== 1)
      if (odd === undefined) return
      const what =
        odd === 0 ? 'something acquired that is not released' : `something acquired that is released ${odd} times`
      throw new Breach(`${what} after ${endings[kind]}`)
    },
    options,
  })
}

const ending = recordOf({
  kind: fc.constantFrom('completes', 'fails', 'unsubscribed', 'takes'),
  /** Outputs that are wanted, or turns of the event loop before the unsubscription. */
  count: fc.integer({ min: 1, max: 5 }),
})

const endings: Record<'completes' | 'fails' | 'unsubscribed' | 'takes', string> = {
  completes: 'the completion of the source',
  fails: 'the error of the source',
  unsubscribed: 'the unsubscription',
  takes: 'the outputs that were wanted',
}
