import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import fc from 'fast-check'
import { expectNoStrays } from '../law/probe.ts'
import { expectMessages, trySource, type BuildSource, type SourceLawOptions } from './sourceTrial.ts'
import { turns } from '../driver/drive.ts'

/**
 * The law that a source stops when it is told, as `run` tells it at a shutdown: it hands over what it has taken,
 * completes, and emits nothing more. What it gave until then is the beginning of all that there is.
 *
 * @param build makes a source that gives these messages
 * @example
 * ```ts
 * import { fromObservable } from 'wallarx'
 * import { sourceStopsWhenTold } from 'wallarx/testing'
 * import fc from 'fast-check'
 * import { concat, NEVER } from 'rxjs'
 *
 * const messages = fc.array(fc.nat())
 * await sourceStopsWhenTold((some) => fromObservable(concat(from(some), NEVER)), { messages })
 * const deaf = sourceStopsWhenTold((some) => concat(from(some), NEVER), { messages, timeout: 100 })
 * await assert.rejects(deaf, { code: 'LAW_BROKEN' })
 * ```
 */
export async function sourceStopsWhenTold<Message>(
  build: BuildSource<Message>,
  input: SourceLawOptions<Message>,
): Promise<void> {
  const { messages, same, ...options } = knownOptions('sourceStopsWhenTold', input, {
    messages: true,
    same: true,
    ...lawOptions,
  })
  await checkLaw({
    law: 'a source that is told to stop hands over what it has taken, and completes',
    where: { law: 'sourceStopsWhenTold' },
    input: recordOf({ messages, after: fc.nat(10), later: fc.nat(2) }),
    async holds(input) {
      const source = await build(input.messages)
      const told = Math.min(input.after, input.messages.length)
      let reach: () => void
      const reached = new Promise<void>((resolve) => {
        reach = resolve
      })
      const trial = trySource(source, {
        onNext(count, { stop }) {
          if (count !== told) return
          if (input.later === 0) stop()
          reach()
        },
      })
      if (told === 0) reach!()
      await Promise.race([reached, trial.seen.ended])
      await turns(input.later)
      trial.stop()
      await trial.seen.ended // the timeout of the run breaks the law where it does not come
      await turns()
      expectMessages(trial.seen, input.messages.slice(0, trial.seen.outputs.length), same)
      expectNoStrays(trial.seen)
    },
    options,
  })
}
