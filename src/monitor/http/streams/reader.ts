import type { ServerResponse } from 'node:http'
import type { Clock } from '../../../base/clock.ts'
import { sendEvents } from '../answer.ts'

/** One who reads events. What it does not read in time is not kept for it. */
export interface Reader {
  /** Sends it now, or, where what was sent before is not read yet, then: the newest alone. */
  sendNewest(event: Buffer): void
  /** Sends it, or, where much of what was sent before is not read yet, never: `false`. */
  sendOrDrop(event: Buffer): boolean
  /** How long it has not read, in ms. */
  readonly behind: number
  /** Sends the last, and ends. */
  end(event?: Buffer): void
  destroy(): void
}

/** Bytes that wait for one who does not read; a report waits besides. */
const mostKept = 256 * 1024

/** `left` is called once, when it has gone. `caughtUp` is called each time that it has read what was sent. */
export function createReader(
  response: ServerResponse,
  clock: Clock,
  left: () => void,
  caughtUp: () => void = () => undefined,
): Reader {
  let newest: Buffer | undefined // to be sent when the reader has read
  let behindSince: number | undefined
  let isEnding = false

  const write = (event: Buffer): void => {
    if (!response.write(event)) behindSince ??= clock.elapsed()
  }
  response.on('drain', () => {
    behindSince = undefined
    const event = newest
    newest = undefined
    if (isEnding) response.end(event)
    else if (event !== undefined) write(event)
    if (behindSince === undefined && !isEnding) caughtUp()
  })
  response.on('close', left)
  response.on('error', () => undefined) // it has gone
  response.socket?.setTimeout(0) // who waits for events reads nothing for as long as there are none
  sendEvents(response)

  return {
    sendNewest(event) {
      if (behindSince === undefined) write(event)
      else newest = event
    },
    sendOrDrop(event) {
      if (response.writableLength >= mostKept) return false
      write(event)
      return true
    },
    get behind() {
      return behindSince === undefined ? 0 : clock.elapsed() - behindSince
    },
    end(event) {
      isEnding = true
      if (behindSince === undefined) response.end(event)
      else newest = event ?? newest
    },
    destroy() {
      response.destroy()
    },
  }
}
