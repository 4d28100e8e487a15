import { Subscription, type Observable } from 'rxjs'
import { createQueue } from '../base/queue.ts'
import { within } from '../context/context.ts'
import type { SourceSubscription } from '../source/source.ts'
import { operate } from '../step/operate.ts'
import type { JournalRecords } from './batch.ts'
import type { JournalLog } from './log.ts'

const flushAt = 256 * 1024

/** Appends what a source emits, in batches of one turn of the event loop, and hands it over when it is safe. */
export interface WriteAhead {
  readonly begin: (source: Observable<Buffer>) => void
  /** Calls `kept` when all that the source has emitted by now is safe; never where it cannot be written. */
  whenKept(kept: () => void): void
  /** Lets go of the source. */
  end(): void
}

export function createWriteAhead(
  log: JournalLog,
  { output, context, opened }: SourceSubscription<Buffer>,
  sync: 'process' | 'machine',
  handOver: (records: JournalRecords) => void,
): WriteAhead {
  const { clock } = context
  const { holds } = context.backPressure
  const batch = log.createBatch()
  const subscription = new Subscription()
  const safe = createQueue<JournalRecords>() // appended, and waiting for the hold to be released
  let syncing = 0
  let waiting: (() => void)[] = [] // for what is in the batch, or was written before
  let scheduled = false
  let end: (() => void) | undefined // how the source ended, once it has

  const flush = (): void => {
    scheduled = false
    if (batch.count === 0 && waiting.length === 0) return
    const keptNow = waiting
    waiting = []
    try {
      const records = batch.count === 0 ? undefined : log.append(batch)
      if (sync === 'process') pass(records, keptNow)
      else passWhenSynced(records, keptNow)
    } catch (error) {
      output.error(error)
    }
  }
  const passWhenSynced = (records: JournalRecords | undefined, keptNow: readonly (() => void)[]): void => {
    syncing++
    log.sync().then(
      () => {
        syncing--
        pass(records, keptNow)
      },
      (error: unknown) => {
        output.error(error)
      },
    )
  }
  const pass = (records: JournalRecords | undefined, keptNow: readonly (() => void)[]): void => {
    for (const kept of keptNow) kept()
    const isFirst = safe.size === 0
    if (records !== undefined) safe.push(records)
    if (isFirst) passSafe()
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
    else flushSoon()
  }
  const flushSoon = (): void => {
    if (scheduled) return
    scheduled = true
    process.nextTick(flush)
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
  return {
    begin(source) {
      const observer = {
        error: (error: unknown) => {
          output.error(error)
        },
        complete: () => {
          output.complete()
        },
      }
      subscription.add(source.pipe(appending).subscribe(observer))
      opened()
    },
    whenKept(kept) {
      waiting.push(kept)
      flushSoon()
    },
    end() {
      subscription.unsubscribe()
    },
  }
}
