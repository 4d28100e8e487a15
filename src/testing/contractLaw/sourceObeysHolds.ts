import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import fc from 'fast-check'
import type { Holds } from '../../context/backPressure.ts'
import { Breach } from '../law/breach.ts'
import { expectNoStrays } from '../law/probe.ts'
import { expectMessages, trySource, type BuildSource, type SourceLawOptions } from './sourceTrial.ts'
import { turns } from '../driver/drive.ts'

/**
 * The law that a source obeys holds: once the chunk at hand is handed over it emits nothing while anything holds the
 * pipeline, and all the rest, once and in order, when nothing does any more. The source may complete or not.
 *
 * @param build makes a source that gives these messages
 * @example
 * ```ts
 * import { fromAsyncIterable } from 'wallarx'
 * import { sourceObeysHolds } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * const messages = fc.array(fc.nat())
 * await sourceObeysHolds((some) => fromAsyncIterable(some), { messages })
 * ```
 */
export async function sourceObeysHolds<Message>(
  build: BuildSource<Message>,
  input: SourceLawOptions<Message>,
): Promise<void> {
  const { messages, same, ...options } = knownOptions('sourceObeysHolds', input, {
    messages: true,
    same: true,
    ...lawOptions,
  })
  await checkLaw({
    law: 'a source emits nothing while it is held, and all the rest afterwards',
    where: { law: 'sourceObeysHolds' },
    input: recordOf({
      messages,
      holdAt: fc.uniqueArray(fc.nat(10), { maxLength: 4 }),
      fromStart: fc.boolean(),
      long: fc.boolean(),
    }),
    async holds(input) {
      const source = await build(input.messages)
      const breaches: string[] = []
      let strict = false // the chunk in which the hold was taken is handed over
      let all: () => void
      const allSeen = new Promise<void>((resolve) => {
        all = resolve
      })
      const hold = (holds: Holds): void => {
        if (holds.held) return
        const release = holds.take('law')
        queueMicrotask(() => {
          strict = true
        })
        void heldFor(input.long).then(() => {
          strict = false
          release()
        })
      }
      const trial = trySource(source, {
        onNext(count, { holds }) {
          if (strict && holds.held) breaches.push(`the message with the index ${count - 1}`)
          if (input.holdAt.includes(count - 1)) hold(holds)
          if (count === input.messages.length) all()
        },
      })
      if (input.fromStart) hold(trial.holds)
      if (input.messages.length === 0) await turns(6)
      else await Promise.race([trial.seen.ended, allSeen])
      await turns(1)
      trial.seen.unsubscribe()
      if (breaches.length > 0) throw new Breach(`${breaches.join(', ')} while the pipeline was held`)
      expectMessages(trial.seen, input.messages, same)
      expectNoStrays(trial.seen)
    },
    options,
  })
}

/** Long enough for what has come already to be emitted; if `long`, for a timer too. */
async function heldFor(long: boolean): Promise<void> {
  await turns(4)
  if (long) await new Promise((resolve) => setTimeout(resolve, 2))
}
