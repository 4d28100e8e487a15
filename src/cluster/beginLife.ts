import type { Worker, WorkerLife } from './cluster.ts'

/** In ms: between a life that was lost and the next one; doubled each time that it cannot begin. */
export const firstPause = 300
const longestPause = 5000

/** Tries again and again; `undefined` where it is not wanted any more. */
export async function beginLife(
  worker: Worker,
  attempts: { readonly isWanted: () => boolean; readonly failed: (error: unknown, pause: number) => Promise<void> },
): Promise<WorkerLife | undefined> {
  for (let pause = firstPause; attempts.isWanted(); pause = Math.min(2 * pause, longestPause)) {
    try {
      return await worker.begin()
    } catch (error) {
      await attempts.failed(error, pause)
    }
  }
  return undefined
}
