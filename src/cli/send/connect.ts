import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { formatAddress, type HostAndPort } from '../../base/address.ts'
import { shown } from '../../base/shown.ts'
import { Failure } from '../failure.ts'

interface ConnectOptions {
  /** Milliseconds for which a connection that is refused is tried again; 0: once. */
  readonly wait: number
  /** Aborted, it gives up at once and throws the signal's AbortError. */
  readonly signal: AbortSignal
  /** What to do about a refused connection, as a sentence. */
  readonly advice: string
}

const pause = 100

/** Connects, or throws a `Failure` that says why not. */
export async function connect(address: HostAndPort, { wait, signal, advice }: ConnectOptions): Promise<Socket> {
  const giveUpAt = performance.now() + wait
  for (;;) {
    const socket = connectSocket({ ...address, noDelay: true })
    try {
      await once(socket, 'connect', { signal })
      return socket
    } catch (error) {
      socket.destroy()
      signal.throwIfAborted()
      if (performance.now() + pause > giveUpAt) throw notConnected(address, error, advice)
      await delay(pause, undefined, { signal })
    }
  }
}

function notConnected(address: HostAndPort, error: unknown, advice: string): Failure {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return new Failure(`nothing listens on ${formatAddress(address)}. ${advice}`)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new Failure(`there is no host "${address.host}". Check the name, or give its IP address`)
  }
  return new Failure(`cannot connect to ${formatAddress(address)}: ${shown(error)}. ${advice}`)
}
