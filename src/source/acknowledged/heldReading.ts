import type { Socket } from 'node:net'
import type { Holds } from '../../context/backPressure.ts'

/** Reads a socket, chunk by chunk, while nothing holds the pipeline. */
export interface HeldReading {
  /** Nothing is handed over any more; what comes is read and dropped. */
  readonly stop: () => void
}

/** `isHeld` says whether holds count by now. */
export function readWhileFree(
  socket: Socket,
  holds: Holds,
  isHeld: () => boolean,
  pass: (chunk: Buffer) => void,
): HeldReading {
  let held: Buffer | undefined // a chunk that came while the pipeline was held
  let stopped = false

  const wait = (): void => {
    if (stopped) return
    socket.pause()
    holds.onFree(resume)
  }
  const resume = (): void => {
    if (stopped || socket.destroyed) return
    const chunk = held
    held = undefined
    if (chunk !== undefined) pass(chunk)
    if (holds.held) wait()
    else socket.resume()
  }

  socket.on('data', (chunk) => {
    if (stopped) return
    if (holds.held && isHeld()) held = held === undefined ? chunk : Buffer.concat([held, chunk])
    else pass(chunk)
    if (holds.held && isHeld()) wait()
  })
  return {
    stop() {
      stopped = true
      held = undefined
      socket.resume()
    },
  }
}
