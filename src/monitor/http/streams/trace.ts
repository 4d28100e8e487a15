import type { ServerResponse } from 'node:http'
import type { Clock } from '../../../base/clock.ts'
import type { Followed, Monitored } from '../../monitored.ts'
import { eventOf } from '../answer.ts'
import { RequestFailure } from '../failure.ts'
import { createReader, type Reader } from './reader.ts'

/** Who follows a key. */
export interface Traces {
  /** Throws `BUSY`. */
  open(response: ServerResponse, monitored: Monitored, what: Followed): void
  close(): void
}

/** So many follow at once: each costs a comparison a message. */
const mostTraces = 8
/** In each second, of one who follows. */
const mostEvents = 1000
/** In ms. */
const interval = 1000
const longestBehind = 10_000

/**
 * Each message of the key is an event `trace`. What comes faster than it is read, or than so many a second, is counted
 * and left out: an event `dropped` says how many.
 */
export function createTraces(clock: Clock): Traces {
  const readers = new Set<Reader>()

  const open = (response: ServerResponse, monitored: Monitored, what: Followed): void => {
    let dropped = 0
    let sent = 0
    const sayDropped = (): void => {
      if (dropped > 0 && reader.sendOrDrop(eventOf('dropped', { messages: dropped }))) dropped = 0
    }
    const tick = (): void => {
      if (reader.behind > longestBehind) {
        reader.destroy()
        return
      }
      cancelTick = clock.after(interval, tick)
      sent = 0
      sayDropped()
    }
    let stop = (): void => undefined
    const reader = createReader(
      response,
      clock,
      () => {
        readers.delete(reader)
        cancelTick()
        stop()
      },
      sayDropped,
    )
    readers.add(reader)
    let cancelTick = clock.after(interval, tick)
    stop = monitored.follow(what, (trace) => {
      if (sent++ >= mostEvents || !reader.sendOrDrop(eventOf('trace', trace))) dropped++
    })
  }

  return {
    open(response, monitored, what) {
      if (readers.size === mostTraces) throw new RequestFailure('BUSY', `${mostTraces} follow a key already`)
      open(response, monitored, what)
    },
    close() {
      for (const reader of readers) reader.end()
    },
  }
}
