import type { WorkerPlace } from '../../../../src/monitor/monitored.ts'
import { letter, observed, opened, wholeReport, type Observed, type Opened } from '../observed.ts'

export const token = 'correct-horse-battery'
export const headers = { authorization: `Bearer ${token}` }

/** Workers `a`, `b` … of one application; `b` owns odd keys, `a` all others. */
export async function workers(names: readonly string[], places: WorkerPlace[] = []): Promise<Opened[]> {
  const ports: Opened[] = []
  for (const worker of names) {
    const run: Observed = {
      ...observed({ ...wholeReport, worker }),
      cluster: { workers: () => places, ownerOf: (_, key) => (key % 2n === 1n ? 'b' : 'a') },
    }
    run.partitions.sums = {
      page: async ({ limit }) => ({ entities: [{ key: String(limit), size: worker.length }] }),
      entity: (key) => (key < 10n ? { key: String(key), inMemory: true, state: worker } : undefined),
    }
    run.letters.push(letter('older'), letter(`of ${worker}`))
    const port = await opened({ run }, { token })
    places.push({ worker, address: port.url })
    ports.push(port)
  }
  return ports
}
