import { request, type IncomingMessage } from 'node:http'
import type { WorkerPlace } from '../monitored.ts'
import { checkAnswer, longestWait, questionTo, wholeOf, type OtherAnswer } from './others.ts'

/**
 * Asks another worker's port for events that go on for as long as somebody reads them: the answer, or what was said in
 * place of it. Rejects where neither comes within the time. It keeps no process alive.
 */
export type FollowOther = (worker: WorkerPlace, path: string) => Promise<IncomingMessage | OtherAnswer>

export function createFollowOther(token: string | undefined): FollowOther {
  return async (place, path) => {
    const headers = { ...questionTo(place, token), accept: 'text/event-stream' }
    // Not by fetch, which gives up where nothing comes for five minutes.
    const asking = request(new URL(path, place.address), { headers, agent: false })
    const late = AbortSignal.timeout(longestWait)
    const giveUp = (): void => void asking.destroy(new Error(`no answer within ${longestWait} ms`))
    late.addEventListener('abort', giveUp)
    try {
      const response = await answerTo(asking)
      const status = response.statusCode ?? 0
      checkAnswer(place, status)
      if (response.headers['content-type'] === 'text/event-stream') return response
      if (status === 200) throw new Error('it answers with no events')
      return { status, body: await wholeOf(response) }
    } catch (error) {
      asking.destroy()
      throw error
    } finally {
      late.removeEventListener('abort', giveUp)
    }
  }
}

function answerTo(asking: ReturnType<typeof request>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asking.on('socket', (socket) => socket.unref())
    asking.on('response', resolve)
    asking.on('error', reject) // of a response that has begun it says so itself
    asking.end()
  })
}
