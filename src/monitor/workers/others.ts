import { shown } from '../../base/shown.ts'
import type { WorkerPlace } from '../monitored.ts'

/** What another worker answered, as it was. */
export interface OtherAnswer {
  readonly status: number
  readonly body: Buffer
}

/** Asks another worker's port. Rejects where there is no answer within the time. */
export type AskOther = (worker: WorkerPlace, path: string) => Promise<OtherAnswer>

/** Says that a worker asks this one, which answers for itself then, and asks nobody else. */
export const askedByWorker = 'x-wallarx-worker'

/** In ms. */
export const longestWait = 2000
/** Of an answer, in bytes. */
const largestAnswer = 8 * 1024 * 1024

/** All workers of an application have one token. */
export const questionTo = ({ worker }: WorkerPlace, token: string | undefined): Record<string, string> => ({
  [askedByWorker]: encodeURIComponent(worker),
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
})

/** Throws where it is no answer of this worker to one of its own. */
export function checkAnswer({ worker }: WorkerPlace, status: number): void {
  if (status === 421) throw new Error(`another worker answers there than ${worker}`)
  if (status === 401) throw new Error('it has another token')
  if (status < 200 || (status >= 300 && status < 400)) throw new Error(`it answers ${status}`)
}

export function createAskOther(token: string | undefined): AskOther {
  return async (place, path) => {
    const response = await fetch(new URL(path, place.address), {
      headers: questionTo(place, token),
      redirect: 'error',
      signal: AbortSignal.timeout(longestWait),
    })
    const body = await wholeOf((response.body ?? []) as AsyncIterable<Uint8Array>)
    checkAnswer(place, response.status)
    return { status: response.status, body }
  }
}

/** Rejects where it is more than an answer may have. */
export async function wholeOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > largestAnswer) throw new RangeError(`an answer of more than ${largestAnswer} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** One worker in `/status?all`. */
export type WorkerAnswer = WorkerPlace & ({ readonly report: unknown } | { readonly failure: string })

/** Asks all at once; who does not answer in time is there with why. */
export function statusOfAll(
  workers: readonly WorkerPlace[],
  own: { readonly worker: string | undefined; readonly report: unknown },
  ask: AskOther,
): Promise<WorkerAnswer[]> {
  return Promise.all(
    workers.map(async (place): Promise<WorkerAnswer> => {
      if (place.worker === own.worker) return { ...place, report: own.report }
      try {
        const { status, body } = await ask(place, '/status')
        const answer: unknown = JSON.parse(String(body))
        return status === 200 ? { ...place, report: answer } : { ...place, failure: `it answers ${status}` }
      } catch (error) {
        return { ...place, failure: shown(error) }
      }
    }),
  )
}
