import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { framed, utf8 } from 'wallarx'
import { connect } from './connect.ts'

const pause = 100

/** Goes on with a line every 100 ms, so that there is something to see, until the signal. */
export async function keepOpen(port: number, lines: readonly string[], signal: AbortSignal): Promise<void> {
  const { encode } = framed(utf8)
  const socket = await connect(port, signal)
  socket.on('error', () => undefined) // where the application has ended, that is told
  for (let line = 0; !signal.aborted && !socket.destroyed; line = (line + 1) % lines.length) {
    if (!socket.write(encode(lines[line]!)!)) await once(socket, 'drain', { signal })
    await delay(pause, undefined, { signal })
  }
}
