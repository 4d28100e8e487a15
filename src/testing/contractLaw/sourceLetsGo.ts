import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import fc from 'fast-check'
import type { Observable } from 'rxjs'
import { Breach } from '../law/breach.ts'
import { expectNoStrays } from '../law/probe.ts'
import { trySource, type SourceLawOptions } from './sourceTrial.ts'
import { turns } from '../driver/drive.ts'

/** A source, and how to see that it has let go of what it had open: its files, sockets or iterators. */
export interface ReleasingSource<Message> {
  readonly source: Observable<Message>
  /** Whether it has let go by now. */
  readonly isReleased: () => boolean | Promise<boolean>
}

/**
 * The law that unsubscribing from a source releases everything: it emits nothing more, and what it had open is let go
 * of soon.
 *
 * @param build makes a source that gives these messages, and says how to see that it has let go
 * @example
 * ```ts
 * import { fromNodeStream } from 'wallarx'
 * import { sourceLetsGo } from 'wallarx/testing'
 * import fc from 'fast-check'
 * import { Readable } from 'node:stream'
 *
 * await sourceLetsGo(
 *   (some) => {
 *     const stream = Readable.from(some)
 *     return { source: fromNodeStream<number>(stream), isReleased: () => stream.destroyed }
 *   },
 *   { messages: fc.array(fc.nat()) },
 * )
 * ```
 */
export async function sourceLetsGo<Message>(
  build: (messages: readonly Message[]) => ReleasingSource<Message> | Promise<ReleasingSource<Message>>,
  input: Omit<SourceLawOptions<Message>, 'same'>,
): Promise<void> {
  const { messages, ...options } = knownOptions('sourceLetsGo', input, { messages: true, ...lawOptions })
  await checkLaw({
    law: 'a source that is unsubscribed from falls silent and lets go of what it has open',
    where: { law: 'sourceLetsGo' },
    input: recordOf({ messages, after: fc.nat(10) }),
    async holds(input) {
      const { source, isReleased } = await build(input.messages)
      const wanted = Math.min(input.after, input.messages.length)
      let reach: () => void
      const reached = new Promise<void>((resolve) => {
        reach = resolve
      })
      const trial = trySource(source, {
        onNext(count, { unsubscribe }) {
          if (count !== wanted) return
          unsubscribe()
          reach()
        },
      })
      if (wanted > 0) await Promise.race([reached, trial.seen.ended])
      trial.seen.unsubscribe()
      await turns()
      expectNoStrays(trial.seen)
      if (trial.seen.outputs.length > wanted) throw new Breach('messages after the unsubscription')
      // Letting go may take its time; the timeout of the run breaks the law where it does not happen.
      while (!(await isReleased())) await turns(1)
    },
    options,
  })
}
