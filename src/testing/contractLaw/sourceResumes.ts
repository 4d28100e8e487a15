import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import fc from 'fast-check'
import { Breach } from '../law/breach.ts'
import { expectMessages, trySource, type BuildSource, type SourceLawOptions } from './sourceTrial.ts'
import { turns } from '../driver/drive.ts'

/**
 * The law that a source resumes: taken to a checkpoint anywhere, thrown away and opened again at its position, it gives
 * the rest: nothing is lost and nothing comes twice. For sources that can replay, such as files and journals; each
 * message is to be one that the others are not mistaken for.
 *
 * @param build makes a source that gives these messages each time that it is subscribed to from the start, and
 * completes
 * @example
 * ```ts
 * import { fromAsyncIterable } from 'wallarx'
 * import { sourceResumes } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * const forgetful = sourceResumes((some) => fromAsyncIterable(some), { messages: fc.array(fc.nat()) })
 * await assert.rejects(forgetful, { code: 'LAW_BROKEN' })
 * ```
 */
export async function sourceResumes<Message>(
  build: BuildSource<Message>,
  input: SourceLawOptions<Message>,
): Promise<void> {
  const { messages, same, ...options } = knownOptions('sourceResumes', input, {
    messages: true,
    same: true,
    ...lawOptions,
  })
  await checkLaw({
    law: 'a source goes on from its position without loss or repetition',
    where: { law: 'sourceResumes' },
    input: recordOf({ messages, checkpoints: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }) }),
    async holds(input) {
      const source = await build(input.messages)
      const all: Message[] = []
      let restored: number | undefined
      for (const after of input.checkpoints) {
        let checkpoint: () => void
        const reached = new Promise<void>((resolve) => {
          checkpoint = resolve
        })
        const trial = trySource(source, {
          restored,
          onNext(count, { holds }) {
            if (count !== after) return
            holds.take('law')
            checkpoint()
          },
        })
        await Promise.race([reached, trial.seen.ended])
        await turns(1)
        restored = trial.position()
        all.push(...trial.seen.outputs)
        trial.seen.unsubscribe()
        if (trial.seen.end?.kind === 'error') expectMessages(trial.seen, [], same)
        if (restored === undefined) throw new Breach(`no position after ${trial.seen.outputs.length} messages`)
      }
      const last = trySource(source, { restored })
      await last.seen.ended
      expectMessages(
        { ...last.seen, end: last.seen.end, outputs: [...all, ...last.seen.outputs] },
        input.messages,
        same,
      )
    },
    options,
  })
}
