import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import { Breach } from '../law/breach.ts'
import fc from 'fast-check'
import { expectReceived, trySink, type SinkLawOptions, type WatchedSink } from './sinkTrial.ts'
import { turns } from '../driver/drive.ts'

/** A sink whose receiver takes nothing until `resume`. */
export interface StalledSink<Message> extends WatchedSink<Message> {
  /** The receiver takes what comes, from now on. */
  readonly resume: () => void
}

/**
 * The law that a sink holds the sources while it is behind: while its receiver takes nothing it takes a hold, no later
 * than at the last of the messages given; when the receiver goes on it releases it, and nothing is lost.
 *
 * @param build makes a sink with a low high-water mark, and a receiver that is stalled
 * @param input `messages` are to be more than the sink takes before it holds
 * @example
 * ```ts
 * import { nodeStreamSink } from 'wallarx'
 * import { sinkHoldsWhenBehind } from 'wallarx/testing'
 * import fc from 'fast-check'
 * import { Writable } from 'node:stream'
 *
 * await sinkHoldsWhenBehind(
 *   () => {
 *     const seen: Buffer[] = []
 *     let resume = () => {}
 *     const resumed = new Promise<void>((resolve) => (resume = resolve))
 *     const stream = new Writable({
 *       write: (chunk: Buffer, _, done) => void resumed.then(() => (seen.push(chunk), done())),
 *     })
 *     return { sink: nodeStreamSink(stream, { highWaterMark: 4 }), received: () => Buffer.concat(seen), resume }
 *   },
 *   { messages: fc.array(fc.string({ minLength: 1 }), { minLength: 4 }) },
 * )
 * ```
 */
export async function sinkHoldsWhenBehind<Message>(
  build: () => StalledSink<Message> | Promise<StalledSink<Message>>,
  input: SinkLawOptions<Message>,
): Promise<void> {
  const { messages, ...options } = knownOptions('sinkHoldsWhenBehind', input, { messages: true, ...lawOptions })
  await checkLaw({
    law: 'a sink holds the sources while it is behind, and not longer',
    where: { law: 'sinkHoldsWhenBehind' },
    input: recordOf({ messages, turnAfter: fc.uniqueArray(fc.nat(10), { maxLength: 3 }) }),
    async holds({ messages: written, turnAfter }) {
      const watched = await build()
      const { writer, holds, unlessItFails, expectNoFailure } = trySink(watched.sink)
      try {
        let held = false
        for (const [at, message] of written.entries()) {
          writer.write(message)
          held ||= holds.held
          if (turnAfter.includes(at)) await turns(1)
          if (held && !holds.held) throw new Breach('a hold that was released while the receiver took nothing')
        }
        // A sink may gather what comes in one turn before it writes.
        for (let turn = 0; turn < 3 && !holds.held; turn++) await turns(1)
        if (!holds.held) throw new Breach(`no hold after ${written.length} messages that the receiver did not take`)
        watched.resume()
        while (holds.held) {
          expectNoFailure()
          await turns(1) // the timeout of the run breaks the law where it is never released
        }
        await unlessItFails(writer.close())
        await expectReceived(watched, written, 'when the receiver has gone on')
      } finally {
        watched.resume()
        writer.abort()
      }
    },
    options,
  })
}
