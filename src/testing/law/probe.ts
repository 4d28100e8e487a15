import { Subscription, type Observable } from 'rxjs'
import { Breach } from './breach.ts'
import { difference, shownValue } from './difference.ts'

export type End = { readonly kind: 'completion' } | { readonly kind: 'error'; readonly error: unknown }

/** All that an Observable does to its subscriber. */
export interface Probe<Message> {
  readonly outputs: readonly Message[]
  readonly end: End | undefined
  /**
   * What was sent to it after its end, and after it was unsubscribed from: `the message 3`. A second completion is
   * none.
   */
  readonly strays: readonly string[]
  /** Resolves at the end. */
  readonly ended: Promise<void>
  readonly unsubscribe: () => void
}

/**
 * Subscribes as the last operator's own subscriber. RxJS hides what comes after an end from an ordinary observer; a
 * Subscription that has an observer's methods is taken for a Subscriber and sees it.
 */
export function probe<Message>(
  observable: Observable<Message>,
  onNext?: (count: number, unsubscribe: () => void) => void,
): Probe<Message> {
  const outputs: Message[] = []
  const strays: string[] = []
  let end: End | undefined
  let resolve: () => void
  const ended = new Promise<void>((ending) => {
    resolve = ending
  })
  const finish = (how: End, stray: string): void => {
    if (subscriber.closed) {
      // A completion more is harmless: RxJS itself sends one at the end of many a loop.
      if (how.kind === 'error' || end?.kind === 'error') strays.push(stray)
      return
    }
    end = how
    subscriber.unsubscribe()
    resolve()
  }
  const subscriber = Object.assign(new Subscription(), {
    next(message: Message) {
      if (subscriber.closed) {
        strays.push(`the message ${shownValue(message)}`)
        return
      }
      outputs.push(message)
      onNext?.(outputs.length, unsubscribe)
    },
    error(error: unknown) {
      finish({ kind: 'error', error }, `the error ${shownValue(error)}`)
    },
    complete() {
      finish({ kind: 'completion' }, 'a completion')
    },
  })
  const unsubscribe = (): void => {
    subscriber.unsubscribe()
  }
  observable.subscribe(subscriber)
  return {
    outputs,
    strays,
    ended,
    get end() {
      return end
    },
    unsubscribe,
  }
}

/** All that an Observable gives until its end. */
export async function seenOf<Message>(observable: Observable<Message>): Promise<Probe<Message>> {
  const seen = probe(observable)
  await seen.ended
  return seen
}

/** Are two outputs, messages or states the same? */
export type Same<Value> = (got: Value, expected: Value) => boolean

/** Throws a Breach where two lists differ. `what` is what stands in them: `outputs`. */
export function expectSameList<Value>(
  got: readonly Value[],
  expected: readonly Value[],
  what: string,
  same?: Same<Value>,
): void {
  const found = same === undefined ? difference(got, expected, what) : firstUnlike(got, expected, what, same)
  if (found === undefined) return
  throw new Breach(`${found}\n  got:      ${shownValue(got)}\n  expected: ${shownValue(expected)}`)
}

function firstUnlike<Value>(
  got: readonly Value[],
  expected: readonly Value[],
  what: string,
  same: Same<Value>,
): string | undefined {
  for (let at = 0; at < Math.max(got.length, expected.length); at++) {
    if (at >= got.length) return `${what}[${at}]: nothing in place of ${shownValue(expected[at])}`
    if (at >= expected.length) return `${what}[${at}]: ${shownValue(got[at])} in place of nothing`
    if (!same(got[at]!, expected[at]!)) {
      return `${what}[${at}]: ${shownValue(got[at])} in place of ${shownValue(expected[at])}`
    }
  }
  return undefined
}

/**
 * Throws a Breach where two subscriptions gave different outputs or ended in different ways. Of errors the code counts,
 * or the name.
 */
export function expectSameSeen<Message>(got: Probe<Message>, expected: Probe<Message>, same?: Same<Message>): void {
  if (endSign(got) !== endSign(expected)) {
    throw new Breach(
      `outputs ${shownValue(got.outputs)} and ${shownEnd(got.end)}, in place of ` +
        `${shownValue(expected.outputs)} and ${shownEnd(expected.end)}`,
      { cause: errorOf(got) ?? errorOf(expected) },
    )
  }
  expectSameList(got.outputs, expected.outputs, 'outputs', same)
}

const errorOf = ({ end }: Probe<unknown>): unknown => (end?.kind === 'error' ? end.error : undefined)

function endSign({ end }: Probe<unknown>): string | undefined {
  if (end?.kind !== 'error') return end?.kind
  const { error } = end
  const code = (error as { readonly code?: unknown } | undefined)?.code
  if (typeof code === 'string') return `error ${code}`
  return `error ${error instanceof Error ? error.name : String(error)}`
}

export function shownEnd(end: End | undefined): string {
  if (end === undefined) return 'no end'
  return end.kind === 'completion' ? 'a completion' : `the error ${shownError(end.error)}`
}

export const shownError = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message.split('\n', 1)[0]!}` : shownValue(error)

/** Throws a Breach where something was sent after the end. */
export function expectNoStrays({ strays, end }: Probe<unknown>): void {
  if (strays.length === 0) return
  const after = end === undefined ? 'the unsubscription' : shownEnd(end)
  throw new Breach(`${strays[0]!}${strays.length > 1 ? ` and ${strays.length - 1} more` : ''} after ${after}`)
}
