import type { ServerResponse } from 'node:http'
import type { Clock } from '../../../base/clock.ts'
import { shown } from '../../../base/shown.ts'
import type { Monitored } from '../../monitored.ts'
import { eventOf } from '../answer.ts'
import { RequestFailure } from '../failure.ts'
import { createReader, type Reader } from './reader.ts'

/** Who reads `/events`. All are sent the same bytes, made once. */
export interface EventStreams {
  /** Throws `BUSY`. */
  readonly open: (response: ServerResponse) => void
  /** Sends the last report, and ends all. */
  close(): void
}

/** So many read at once. */
const mostReaders = 64
/** In ms. */
const interval = 1000
/** In ms: who reads nothing for so long is let go. */
const longestBehind = 10_000
/** In each interval. */
const mostDeadLetters = 100

/** `report` gives the newest, as an event. What it throws is told to who reads, and to nobody else. */
export function createEventStreams(clock: Clock, monitored: Monitored, report: () => Buffer): EventStreams {
  const readers = new Set<Reader>()
  let deadLetters = 0 // sent in this interval
  let cancelTick: (() => void) | undefined
  let stopLetters: (() => void) | undefined

  const tick = (): void => {
    cancelTick = clock.after(interval, tick)
    deadLetters = 0
    for (const reader of readers) if (reader.behind > longestBehind) reader.destroy()
    sendReport()
  }

  const newest = (): Buffer => {
    try {
      return report()
    } catch (error) {
      return eventOf('failure', { code: 'FAILED', message: shown(error) })
    }
  }

  const sendReport = (): void => {
    const event = newest()
    for (const reader of readers) reader.sendNewest(event)
  }

  const start = (): void => {
    cancelTick ??= clock.after(interval, tick)
    stopLetters ??= monitored.onDeadLetter((letter) => {
      if (deadLetters++ >= mostDeadLetters) return
      const event = eventOf('dead-letter', letter)
      for (const reader of readers) reader.sendOrDrop(event)
    })
  }

  /** Nothing is asked for that nobody reads. */
  const stop = (): void => {
    cancelTick?.()
    stopLetters?.()
    cancelTick = stopLetters = undefined
  }

  return {
    open(response) {
      if (readers.size === mostReaders) {
        throw new RequestFailure('BUSY', `${mostReaders} read the events already`)
      }
      const reader = createReader(response, clock, () => {
        if (readers.delete(reader) && readers.size === 0) stop()
      })
      readers.add(reader)
      start()
      reader.sendNewest(newest())
    },
    close() {
      stop()
      if (readers.size === 0) return
      const last = newest()
      for (const reader of readers) reader.end(last)
      readers.clear()
    },
  }
}
