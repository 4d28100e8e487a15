import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import fc from 'fast-check'
import { expectReceived, trySink, type SinkLawOptions, type WatchedSink } from './sinkTrial.ts'
import { turns } from '../driver/drive.ts'

/**
 * The law that a sink hands over everything, in order: what was written is there when `flush` resolves, and all of it
 * when `close` does; bytes that were given may be changed after `write`.
 *
 * @param build makes a sink, and says what has arrived
 * @example
 * ```ts
 * import { observerSink } from 'wallarx'
 * import { sinkHandsOverAll } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * await sinkHandsOverAll(
 *   () => {
 *     const seen: number[] = []
 *     return { sink: observerSink({ next: (one: number) => seen.push(one) }), received: () => seen }
 *   },
 *   { messages: fc.array(fc.nat()) },
 * )
 * ```
 */
export async function sinkHandsOverAll<Message>(
  build: () => WatchedSink<Message> | Promise<WatchedSink<Message>>,
  input: SinkLawOptions<Message>,
): Promise<void> {
  const { messages, ...options } = knownOptions('sinkHandsOverAll', input, { messages: true, ...lawOptions })
  await checkLaw({
    law: 'what was written is handed over, in order, when flush or close resolves',
    where: { law: 'sinkHandsOverAll' },
    input: recordOf({
      messages,
      flushAfter: fc.uniqueArray(fc.nat(10), { maxLength: 3 }),
      turnAfter: fc.uniqueArray(fc.nat(10), { maxLength: 3 }),
    }),
    async holds({ messages: written, flushAfter, turnAfter }) {
      const watched = await build()
      const { writer, unlessItFails, expectNoFailure } = trySink(watched.sink)
      try {
        for (const [at, message] of written.entries()) {
          const given = message instanceof Uint8Array ? Buffer.from(message) : message
          writer.write(given as Message)
          if (given instanceof Uint8Array) given.fill(0x55)
          if (turnAfter.includes(at)) await turns(1)
          if (!flushAfter.includes(at) || writer.flush === undefined) continue
          await unlessItFails(writer.flush())
          await expectReceived(watched, written.slice(0, at + 1), `when flush has resolved after ${at + 1} messages`)
        }
        await unlessItFails(writer.close())
        expectNoFailure()
        await expectReceived(watched, written, 'when close has resolved')
      } finally {
        writer.abort()
      }
    },
    options,
  })
}
