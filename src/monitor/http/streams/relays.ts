import type { ServerResponse } from 'node:http'
import type { WorkerPlace } from '../../monitored.ts'
import type { FollowOther } from '../../workers/followOther.ts'
import { jsonType, send, sendEvents } from '../answer.ts'
import { RequestFailure } from '../failure.ts'

/** Who reads events of another worker, as that sends them. */
export interface Relays {
  /** Until one of the three goes. Rejects with `BUSY`, and where the other one does not answer. */
  readonly open: (response: ServerResponse, worker: WorkerPlace, path: string) => Promise<void>
  close(): void
}

/** So many read at once. What one does not read waits at the other worker, which counts it and lets it go. */
const mostRelays = 8

export function createRelays(follow: FollowOther): Relays {
  const readers = new Set<ServerResponse>()
  return {
    async open(response, worker, path) {
      if (readers.size === mostRelays) {
        throw new RequestFailure('BUSY', `${mostRelays} follow a key of other workers already`)
      }
      readers.add(response)
      response.on('close', () => readers.delete(response))
      try {
        const answer = await follow(worker, path)
        if ('body' in answer) {
          send(response, { status: answer.status, type: jsonType, body: answer.body })
          return
        }
        response.on('close', () => answer.destroy())
        answer.on('error', () => response.destroy()) // cut off: whoever reads should not take it for the end
        if (response.closed) answer.destroy()
        else {
          response.socket?.setTimeout(0) // nothing comes for as long as nothing happens
          sendEvents(response)
          answer.pipe(response)
        }
      } catch (error) {
        readers.delete(response)
        throw error
      }
    },
    close() {
      for (const response of readers) response.end()
    },
  }
}
