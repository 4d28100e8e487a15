import type { Observable, Subscription } from 'rxjs'
import { createQueue } from '../base/queue.ts'
import { within } from '../context/context.ts'
import type { SourceSubscription } from '../source/source.ts'
import { operate } from '../step/operate.ts'
import type { JournalRecords } from './batch.ts'
import type { JournalLog } from './log.ts'

const flushAt = 256 * 1024

/** Appends what the source emits, in batches of one turn of the event loop, and hands it over when it is safe. */
export function writeAhead(
  log: JournalLog,
  { output, context, opened }: SourceSubscription<Buffer>,
  source: Observable<Buffer>,
  sync: 'process' | 'machine',
  handOver: (records: JournalRecords) => void,
): Subscription {
  const { clock } = context
  const { holds } = context.backPressure
  const batch = log.createBatch()
  const safe = createQueue<JournalRecords>() // appended, and waiting for the hold to be released
  let syncing = 0
  let scheduled = false
  let end: (() => void) | undefined // how the source ended, once it has

  const flush = (): void => {
    scheduled = false
    if (batch.count === 0) return
    try {
      const records = log.append(batch)
      if (sync === 'process') pass(records)
      else passWhenSynced(records)
    } catch (error) {
      output.error(error)
    }
  }
  const passWhenSynced = (records: JournalRecords): void => {
    syncing++
    log.sync().then(
      () => {
        syncing--
        pass(records)
      },
      (error: unknown) => {
        output.error(error)
      },
    )
  }
  const pass = (records: JournalRecords): void => {
    safe.push(records)
    if (safe.size === 1) passSafe()
  }
  const passSafe = (): void => {
    while (safe.size > 0 && !output.closed) {
      if (holds.held) {
        holds.onFree(passSafe)
        return
      }
      handOver(safe.peek()!)
      safe.shift()
    }
    if (end !== undefined && syncing === 0) within(context, end)
  }
  const endWith = (how: () => void): void => {
    flush()
    end = how
    if (safe.size === 0) passSafe()
  }
  const add = (bytes: Buffer, start: number, last: number): void => {
    if (batch.count === 0) batch.arrive(clock.now())
    batch.add(bytes, start, last)
    if (batch.length >= flushAt) flush()
    else if (!scheduled) {
      scheduled = true
      process.nextTick(flush)
    }
  }

  const appending = operate<Buffer, never>({
    name: 'journal',
    asynchronous: true,
    start: (own) => ({
      next(frame) {
        add(frame, 0, frame.length)
      },
      frame: add,
      complete() {
        endWith(() => {
          own.complete()
        })
      },
      error(error) {
        endWith(() => {
          own.error(error)
        })
      },
    }),
  })
  const subscription = source.pipe(appending).subscribe({
    error: (error: unknown) => {
      output.error(error)
    },
    complete: () => {
      output.complete()
    },
  })
  opened()
  return subscription
}
