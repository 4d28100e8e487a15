import { once } from 'node:events'
import type { Socket } from 'node:net'
import { framed, utf8 } from 'wallarx'

/**
 * Sends the lines again and again, each a message, no faster than the receiver takes them, and ends the connection when
 * the time is up. The result is how often it sent them, at least once.
 */
export async function sendRounds(
  socket: Socket,
  lines: readonly string[],
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<number> {
  const { encode } = framed(utf8)
  const round = Buffer.concat(lines.map((line) => encode(line)!))
  const end = performance.now() + 1000 * seconds
  let rounds = 0
  do {
    rounds++
    if (!socket.write(round)) await once(socket, 'drain', { signal })
  } while (performance.now() < end)
  socket.end()
  return rounds
}
