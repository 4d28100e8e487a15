import { invalidOption, knownOptions, wholeNumber } from '../base/option.ts'
import { Subject, takeUntil, type Observable } from 'rxjs'
import { within } from '../context/context.ts'
import { handOver } from '../context/time/handOver.ts'
import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import { createQueue } from '../base/queue.ts'
import { createSource } from './source.ts'

/** What `fromObservable` does while the pipeline is held. */
export interface FromObservableOptions {
  /** Stands in errors and status. */
  readonly name?: string
  /** Messages kept while the pipeline is held. Default: 1,024 */
  readonly maxBuffered?: number
  /**
   * What happens to a message beyond that: `'error'` fails with `BUFFER_OVERFLOW`, `'drop newest'` and `'drop oldest'`
   * lose one. Default: `'error'`
   */
  readonly overflow?: 'error' | 'drop newest' | 'drop oldest'
}

/**
 * Brings a foreign Observable into a pipeline: its messages are handed over inside the subscription context, wherever
 * they come from, wait in a bounded buffer while the pipeline is held (an Observable cannot be told to wait), and are
 * flushed when `run` stops.
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
  options: FromObservableOptions = {},
): Observable<Message> {
  const {
    name = 'observable',
    maxBuffered = 1024,
    overflow = 'error',
  } = knownOptions('fromObservable', options, { name: true, maxBuffered: true, overflow: true })
  wholeNumber('maxBuffered', maxBuffered, 1)
  if (!['error', 'drop newest', 'drop oldest'].includes(overflow)) {
    throw invalidOption('overflow', "'error', 'drop newest' or 'drop oldest'", overflow)
  }
  const names = { name, kind: 'observable', awaited: false } // it may never emit anything
  return createSource<Message>(names, ({ output, context, origin, opened, meter }) => {
    const { holds } = context.backPressure
    const { stopping } = context.shutdown
    const waiting = createQueue<Message>()
    const enough = new Subject<void>() // stops the source, also one that emits synchronously
    let end: (() => void) | undefined // how the source ended, once it has; carried out when nothing waits

    const emit = (message: Message): void => {
      meter?.taken(0)
      output.next(message)
      meter?.handedOver()
    }
    const flush = (): void => {
      while (waiting.size > 0 && !holds.held && !output.closed) handOver(context, origin, emit, waiting.shift()!)
      if (output.closed) return // closed, and not yet torn down: a step behind us lets go of its hold as it ends
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
          handOver(context, origin, emit, message)
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
