import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import { lingering } from '../../network/http/server.ts'

/** Counts requests until each is answered, and all of it has been read or thrown away. */
export interface OpenRequests {
  readonly count: number
  add(request: IncomingMessage, response: ServerResponse): void
}

/** `oneLess` is called whenever one of them is done. */
export function createOpenRequests(clock: Clock, oneLess: () => void): OpenRequests {
  let count = 0
  const end = (): void => {
    count--
    oneLess()
  }
  return {
    get count() {
      return count
    },
    add(request, response) {
      count++
      response.on('error', () => undefined) // who has asked is gone
      response.once('close', () => {
        if (request.complete || request.destroyed) {
          end()
          return
        }
        // A connection that is closed while its other end sends is reset, and the answer may be lost with it.
        const cancel = clock.after(lingering, () => request.socket.destroy())
        request.once('close', () => {
          cancel()
          end()
        })
        request.resume()
      })
    },
  }
}
