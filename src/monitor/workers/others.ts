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

/** Another worker listens at this address by now. */
const differs = 421
/** In ms. */
const longest = 2000
/** Of an answer, in bytes. */
const largest = 8 * 1024 * 1024

/** All workers of an application have one token. */
export function createAskOther(token: string | undefined): AskOther {
  return async ({ worker, address }, path) => {
    const response = await fetch(new URL(path, address), {
      headers: {
        [askedByWorker]: encodeURIComponent(worker),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      redirect: 'error',
      signal: AbortSignal.timeout(longest),
    })
    if (response.status === differs) {
      await response.body?.cancel()
      throw new Error(`another worker answers there than ${worker}`)
    }
    const parts: Uint8Array[] = []
    let length = 0
    for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      length += part.length
      if (length > largest) throw new RangeError(`an answer of more than ${largest} bytes`)
      parts.push(part)
    }
    return { status: response.status, body: Buffer.concat(parts) }
  }
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
