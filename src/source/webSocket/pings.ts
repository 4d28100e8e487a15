import type { WebSocket } from 'ws'

/** Answers pings, one at a time; of those that come meanwhile the last, which stands for those before it. */
export function createPong(socket: WebSocket): (data: Buffer) => void {
  let isAnswering = false
  let later: Buffer | undefined
  const pong = (data: Buffer): void => {
    if (isAnswering) later = data
    else if (socket.readyState === socket.OPEN) {
      isAnswering = true
      socket.pong(data, undefined, () => {
        isAnswering = false
        const next = later
        later = undefined
        if (next !== undefined) pong(next)
      })
    }
  }
  return pong
}
