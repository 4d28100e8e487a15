import type { Observer } from 'rxjs'
import type { Clock } from '../base/clock.ts'
import { createDeferred } from '../base/deferred.ts'
import type { DeadLetter } from '../context/deadLetter.ts'
import { shown } from '../base/shown.ts'
import type { Sink, SinkContext, SinkWriter } from '../sink/sink.ts'
import type { RunOptions } from './contract.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { EventLog } from '../base/log.ts'

/** Delivers dead letters, and logs them without flooding the log. */
export interface DeadLetters {
  /** `true`: it is one now; `false`: the run has to stop for it. */
  readonly reject: (letter: DeadLetter) => boolean
  /** Resolves when all that were delivered to a sink are handed over; the first time, when it can take some. */
  flush(): Promise<unknown>
  /** The sink has everything, and is closed. Rejects with what it failed with. */
  close(): Promise<unknown>
  /** Lets go of the sink at once. */
  abort(): void
  /** Logs what was held back. */
  end(): void
}

export interface DeadLettersOptions extends Pick<SinkContext, 'transactions' | 'holds' | 'fail'> {
  readonly log: EventLog
  readonly clock: Clock
}

const quietTime = 1000

/** What of one kind was not logged in the second that goes on. */
interface HeldBack {
  count: number
  readonly cancelTimer: () => void
}

/**
 * Of dead letters with one code in one pipeline, the first is logged in full, those within a second after it as a
 * number.
 */
export function createDeadLetters(
  { deadLetters: consumer, onError = 'stop' }: Pick<RunOptions, 'deadLetters' | 'onError'>,
  options: DeadLettersOptions,
): DeadLetters {
  const { log, clock } = options
  const heldBack = new Map<string, Map<ErrorCode, HeldBack>>() // by pipeline and code

  const logLetter = ({ pipeline, error }: DeadLetter): void => {
    const ofPipeline = heldBack.get(pipeline)
    const held = ofPipeline?.get(error.code)
    if (held !== undefined) {
      held.count++
      return
    }
    const { code, message, where } = error
    log.warn(`${pipeline}: dead letter ${code}: ${message}`, code, { ...where, pipeline, err: error })
    const cancelTimer = clock.after(quietTime, () => {
      logHeldBack(pipeline, code)
    })
    if (ofPipeline === undefined) heldBack.set(pipeline, new Map([[code, { count: 0, cancelTimer }]]))
    else ofPipeline.set(code, { count: 0, cancelTimer })
  }

  const logHeldBack = (pipeline: string, code: ErrorCode): void => {
    const { count, cancelTimer } = heldBack.get(pipeline)!.get(code)!
    cancelTimer()
    heldBack.get(pipeline)!.delete(code)
    if (count > 0) log.warn(`${pipeline}: dead letter ${code}: ${count} more`, code, { pipeline, count })
  }

  const { writer, flush } = openSink(consumer, options)

  const hand = (letter: DeadLetter): void => {
    if (writer !== undefined) writer.write(letter)
    else if (typeof consumer === 'function') consumer(letter)
    else (consumer as Pick<Observer<DeadLetter>, 'next'> | undefined)?.next(letter)
  }

  return {
    reject(letter) {
      const { kind } = letter.error
      if (kind !== 'bad input' && !(kind === 'user code' && onError === 'skip')) return false
      logLetter(letter)
      try {
        hand(letter)
      } catch (error) {
        log.error(`the consumer of dead letters failed: ${shown(error)}`, 'DEAD_LETTERS_FAILED', { err: error })
      }
      return true
    },
    flush,
    close: async () => writer?.close(),
    abort() {
      writer?.abort()
    },
    end() {
      for (const [pipeline, codes] of heldBack) for (const code of [...codes.keys()]) logHeldBack(pipeline, code)
    },
  }
}

const isSink = (consumer: RunOptions['deadLetters']): consumer is Sink<DeadLetter> =>
  typeof (consumer as Partial<Sink<DeadLetter>> | undefined)?.open === 'function'

interface OpenSink {
  readonly writer: SinkWriter<DeadLetter> | undefined
  readonly flush: DeadLetters['flush']
}

function openSink(consumer: RunOptions['deadLetters'], options: DeadLettersOptions): OpenSink {
  if (!isSink(consumer)) return { writer: undefined, flush: () => Promise.resolve() }
  const { log, transactions, holds } = options
  const failed = createDeferred()
  const warn = (event: string, code = 'WARNING'): void => {
    log.warn(event, code, { sink: consumer.name })
  }
  const fail = (error: unknown): void => {
    failed.resolve() // nobody waits for it any more
    options.fail(error)
  }
  try {
    const writer = consumer.open({ transactions, holds, fail, warn })
    return { writer, flush: () => Promise.race([writer.flush?.(), failed.promise]) }
  } catch (error) {
    fail(error)
    return { writer: undefined, flush: () => Promise.resolve() }
  }
}
