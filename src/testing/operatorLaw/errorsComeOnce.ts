import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf } from '../law/law.ts'
import type { OperatorFunction } from 'rxjs'
import { Breach } from '../law/breach.ts'
import { feed, pauses } from '../driver/feed.ts'
import { expectNoStrays, seenOf, shownEnd, shownError } from '../law/probe.ts'
import type { OperatorLawOptions } from './subscriptionsAreIndependent.ts'
import { turns } from '../driver/drive.ts'

/** Of the law that errors come once. */
export interface ErrorsOptions<In> extends Omit<OperatorLawOptions<In, unknown>, 'same'> {
  /** Is what came the error of the source? Default: it is that very object, or has it as its cause */
  readonly isError?: ((got: unknown, sent: Error) => boolean) | undefined
}

/**
 * The law that errors come once: where the source fails, the operator fails with that error, lets go of the source, and
 * nothing comes after. Where some messages make the operator itself fail, its own error comes in place of the source's.
 *
 * @param build makes the operator anew
 * @example
 * ```ts
 * import { to } from 'wallarx/operators'
 * import { errorsComeOnce } from 'wallarx/testing'
 * import fc from 'fast-check'
 * import { catchError, EMPTY } from 'rxjs'
 *
 * const messages = fc.array(fc.nat())
 * await errorsComeOnce(() => to((one: number) => one / 2), { messages })
 * await assert.rejects(errorsComeOnce(() => catchError(() => EMPTY), { messages }), { code: 'LAW_BROKEN' })
 * ```
 */
export async function errorsComeOnce<In>(
  build: () => OperatorFunction<In, unknown>,
  input: ErrorsOptions<In>,
): Promise<void> {
  const {
    messages,
    isError = isSent,
    ...options
  } = knownOptions('errorsComeOnce', input, { messages: true, isError: true, ...lawOptions })
  await checkLaw({
    law: 'an error comes once, and nothing after it',
    where: { law: 'errorsComeOnce' },
    input: recordOf({ messages, pauses }),
    async holds(input) {
      const error = new Error('the source failed')
      const from = feed(input.messages, { pauses: new Set(input.pauses), end: { error } })
      const seen = await seenOf(from.source.pipe(build()))
      await turns()
      expectNoStrays(seen)
      const { end } = seen
      if (from.ended) {
        if (end?.kind !== 'error') throw new Breach(`${shownEnd(end)} where the source failed`)
        if (!isError(end.error, error) && !(await failsByItself(build, input))) {
          const got = `${shownError(end.error)} where the source failed with ${shownError(error)}`
          throw new Breach(got, { cause: end.error })
        }
      }
      if (from.letGo < from.subscribed) throw new Breach('a source that is still subscribed to after the error')
    },
    options,
  })
}

const isSent = (got: unknown, sent: Error): boolean => got === sent || (got instanceof Error && got.cause === sent)

/** Does the operator fail where the source does not? */
async function failsByItself<In>(
  build: () => OperatorFunction<In, unknown>,
  { messages, pauses }: { readonly messages: readonly In[]; readonly pauses: readonly number[] },
): Promise<boolean> {
  const seen = await seenOf(feed(messages, { pauses: new Set(pauses) }).source.pipe(build()))
  return seen.end?.kind === 'error'
}
