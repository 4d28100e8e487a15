import { Subject, takeUntil, type Observable } from 'rxjs'
import { within } from '../context.ts'
import { invalidOption, shown, WallarxError, wholeNumber } from '../errors.ts'
import { createQueue } from '../queue.ts'
import { createSource } from '../source.ts'

export interface FromObservableOptions {
  /** Stands in errors and status. */
  readonly name?: string
  /** Messages kept while the pipeline is held. Default: 1,024 */
  readonly maxBuffered?: number
  /**
   * What happens to a message beyond that: `'error'` fails with `BUFFER_OVERFLOW`, `'drop newest'` and `'drop oldest'` lose
   * one. Default: `'error'`
   */
  readonly overflow?: 'error' | 'drop newest' | 'drop oldest'
}

/**
 * Brings a foreign Observable into a pipeline: its messages are handed over inside the subscription context, wherever they
 * come from, wait in a bounded buffer while the pipeline is held (an Observable cannot be told to wait), and are flushed
 * when `run` stops.
 *
 * @example
 * ```ts
 * import { fromObservable } from 'wallarx'
 *
 * assert.equal(await lastValueFrom(fromObservable(of(1, 2, 3))), 3)
 * ```
 */
export function fromObservable<Message>(
  source: Observable<Message>,
  { name = 'observable', maxBuffered = 1024, overflow = 'error' }: FromObservableOptions = {},
): Observable<Message> {
  wholeNumber('maxBuffered', maxBuffered, 1)
  if (!['error', 'drop newest', 'drop oldest'].includes(overflow)) {
    throw invalidOption('overflow', "'error', 'drop newest' or 'drop oldest'", overflow)
  }
  return createSource<Message>(name, ({ output, context, opened }) => {
    const { holds, stopping } = context
    const waiting = createQueue<Message>()
    const enough = new Subject<void>() // stops the source, also one that emits synchronously
    let end: (() => void) | undefined // how the source ended, once it has; carried out when nothing waits

    const emit = (message: Message): void => {
      output.next(message)
    }
    const flush = (): void => {
      while (waiting.size > 0 && !holds.held && !output.closed) within(context, emit, waiting.shift()!)
      if (waiting.size > 0) holds.onFree(flush)
      else if (end !== undefined) within(context, end)
    }
    const endWith = (ending: () => void): void => {
      end ??= ending
      enough.next()
      if (waiting.size === 0) within(context, end)
    }

    const stop = (): void => {
      endWith(() => {
        output.complete()
      })
    }
    stopping.addEventListener('abort', stop) // before a source that emits synchronously, which may lead to a stop
    source.pipe(takeUntil(enough)).subscribe({
      next(message) {
        if (waiting.size === 0 && !holds.held) {
          within(context, emit, message)
          if (output.closed) enough.next()
          return
        }
        if (waiting.size === maxBuffered) {
          if (overflow === 'drop newest') return
          if (overflow === 'drop oldest') waiting.shift()
          else {
            output.error(overflown(name, maxBuffered, message))
            enough.next()
            return
          }
        }
        waiting.push(message)
        if (waiting.size === 1) holds.onFree(flush)
      },
      error(error: unknown) {
        endWith(() => {
          output.error(error)
        })
      },
      complete() {
        endWith(() => {
          output.complete()
        })
      },
    })
    opened()
    return () => {
      stopping.removeEventListener('abort', stop)
      enough.next()
      waiting.clear()
    }
  })
}

function overflown(name: string, maxBuffered: number, message: unknown): WallarxError {
  return new WallarxError('BUFFER_OVERFLOW', {
    expected: `at most ${maxBuffered} messages while the pipeline is held (options maxBuffered, overflow)`,
    got: `one more: ${shown(message)}`,
    where: { source: name },
  })
}
