import { afterThisTurn } from '#platform'
import { createDeferred, type Deferred } from '../base/deferred.ts'
import { WallarxError } from '../base/errors.ts'
import { wholeNumber } from '../base/option.ts'
import { createGate } from '../context/backPressure.ts'
import type { SinkContext } from './sink.ts'

/** When a sink holds the sources. */
export interface BacklogOptions {
  /** Bytes not yet written at which the sources are held; they are released at half of it. Default: 1 MiB */
  readonly highWaterMark?: number
  /**
   * Bytes not yet written at which the pipeline fails with `BUFFER_OVERFLOW`: reached only when a source takes no
   * notice of holds, or one chunk leads to that much output. Default: 64 MiB
   */
  readonly maxBuffered?: number
}

/** Counts what a sink has taken and not yet written, and holds the sources while it is too much. */
export interface Backlog {
  readonly bytes: number
  add(bytes: number): void
  remove(bytes: number): void
  /** Resolves when nothing waits. */
  empty(): Promise<void>
  /** No hold any more, whatever is left. */
  end(): void
}

/** The names of these options. */
export const backlogOptions = { highWaterMark: true, maxBuffered: true } as const

/** Throws `OPTION_INVALID` for limits that cannot work. */
export function checkBacklog({ highWaterMark = 1024 * 1024, maxBuffered = 64 * 1024 * 1024 }: BacklogOptions): {
  highWaterMark: number
  maxBuffered: number
} {
  wholeNumber('highWaterMark', highWaterMark, 1)
  wholeNumber('maxBuffered', maxBuffered, highWaterMark)
  return { highWaterMark, maxBuffered }
}

export function createBacklog(sink: string, options: BacklogOptions, { holds, fail, meter }: SinkContext): Backlog {
  const { highWaterMark, maxBuffered } = checkBacklog(options)
  let waiting = 0
  const gate = createGate(holds, sink)
  let overflown = false
  let emptied: Deferred<void> | undefined // once somebody waits for it
  if (meter !== undefined) meter.buffer = () => ({ used: waiting, highWaterMark, unit: 'bytes' })
  return {
    get bytes() {
      return waiting
    },
    add(bytes) {
      waiting += bytes
      if (meter !== undefined) meter.bytes += bytes
      if (waiting >= highWaterMark) gate.close()
      if (waiting > maxBuffered && !overflown) {
        overflown = true
        const error = new WallarxError('BUFFER_OVERFLOW', {
          expected:
            `at most ${maxBuffered} bytes waiting for the sink ` +
            '(a source that can be held, or a larger maxBuffered)',
          got: `${waiting}`,
          where: { sink },
        })
        afterThisTurn(() => {
          fail(error)
        })
      }
    },
    remove(bytes) {
      waiting -= bytes
      if (waiting <= highWaterMark / 2) gate.open()
      if (waiting > 0) return
      const waited = emptied
      emptied = undefined
      waited?.resolve()
    },
    empty: () => (waiting === 0 ? Promise.resolve() : (emptied ??= createDeferred()).promise),
    end: gate.open,
  }
}
