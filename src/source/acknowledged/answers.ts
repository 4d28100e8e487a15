import type { Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import {
  ackInterval,
  ackMessage,
  errorMessage,
  greetingTimeout,
  welcomeMessage,
  type Mark,
  type Refusal,
  type Welcome,
} from '../../acknowledged/wire.ts'

/** In ms: so long a connection that is ended may take to read what was said last. */
export const lastWait = 5000

/** What a receiver says to one sender. */
export interface Answers {
  readonly welcome: (welcome: Welcome) => void
  /** Says how far the stream is durable, now and then again and again. */
  readonly acknowledge: () => void
  /** Ends the connection, and says why. */
  readonly refuse: (refusal: Refusal) => void
  /** Ends the connection, with the next acknowledgement unless nothing `isDue`; keeps no process alive. */
  readonly end: (isDue: boolean) => void
  /** Says nothing more. */
  readonly stop: () => void
}

/** `late` is called where no greeting has come in time. */
export function createAnswers(socket: Socket, clock: Clock, durable: () => Mark, late: () => void): Answers {
  let cancelWait = clock.after(greetingTimeout, late)
  let ending = false

  const acknowledge = (): void => {
    cancelWait()
    if (!socket.writable) return
    if (!socket.writableNeedDrain) socket.write(ackMessage(durable()))
    if (ending) socket.end()
    else cancelWait = clock.after(ackInterval, acknowledge)
  }
  return {
    welcome(welcome) {
      cancelWait()
      socket.write(welcomeMessage(welcome))
      cancelWait = clock.after(ackInterval, acknowledge)
    },
    acknowledge,
    refuse(refusal) {
      cancelWait()
      // It is read on meanwhile: a socket that is destroyed with something unread takes back what was said.
      socket.end(errorMessage(refusal))
      cancelWait = clock.after(lastWait, () => socket.destroy())
    },
    end(isDue) {
      ending = true
      cancelWait()
      socket.unref()
      if (!isDue) socket.end()
    },
    stop() {
      cancelWait()
    },
  }
}
