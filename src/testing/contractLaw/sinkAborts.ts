import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import fc from 'fast-check'
import { Breach } from '../law/breach.ts'
import { shownError } from '../law/probe.ts'
import { expectReceivedBeginning, trySink, type SinkLawOptions, type WatchedSink } from './sinkTrial.ts'
import { turns } from '../driver/drive.ts'

/** A sink, and how to see that it has let go of what it had open. */
export interface ReleasingSink<Message> extends WatchedSink<Message> {
  /** Whether it has let go by now. Default: not looked at */
  readonly isReleased?: (() => boolean | Promise<boolean>) | undefined
}

/**
 * The law that a sink can be aborted at any moment, before or after `close`, and again: `abort` does not throw, leaves
 * no hold, lets go of what the sink has open, and what arrived is a beginning of what was written.
 *
 * @param build makes a sink, says what has arrived, and how to see that it has let go
 * @example
 * ```ts
 * import { observerSink } from 'wallarx'
 * import { sinkAborts } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * await sinkAborts(
 *   () => {
 *     const seen: number[] = []
 *     return { sink: observerSink({ next: (one: number) => seen.push(one) }), received: () => seen }
 *   },
 *   { messages: fc.array(fc.nat()) },
 * )
 * ```
 */
export async function sinkAborts<Message>(
  build: () => ReleasingSink<Message> | Promise<ReleasingSink<Message>>,
  input: SinkLawOptions<Message>,
): Promise<void> {
  const { messages, ...options } = knownOptions('sinkAborts', input, { messages: true, ...lawOptions })
  await checkLaw({
    law: 'a sink that is aborted lets go at once, and may be aborted again',
    where: { law: 'sinkAborts' },
    input: recordOf({ messages, turns: fc.nat(2), when: fc.constantFrom('open', 'closing', 'closed') }),
    async holds({ messages: written, turns: later, when }) {
      const watched = await build()
      const { writer, holds, unlessItFails } = trySink(watched.sink)
      for (const message of written) writer.write(message)
      await turns(later)
      if (when === 'closed') await unlessItFails(writer.close())
      if (when === 'closing') void writer.close().catch(() => undefined)
      for (const time of ['first', 'second']) {
        try {
          writer.abort()
        } catch (thrown) {
          throw new Breach(`${shownError(thrown)} from the ${time} call of abort`, { cause: thrown })
        }
      }
      if (holds.held) throw new Breach('a hold that is left after abort')
      await expectReceivedBeginning(watched, written)
      // Letting go may take its time; the timeout of the run breaks the law where it does not happen.
      while (!((await watched.isReleased?.()) ?? true)) await turns(1)
      await expectReceivedBeginning(watched, written)
    },
    options,
  })
}
