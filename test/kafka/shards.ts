import { expect, vi } from 'vitest'
import type { RunStatus } from '../../src/run/contract.ts'
import type { Program } from '../support/processes.ts'
import { partitions } from './wordCount.ts'

const isRunning = (worker: Program): boolean => worker.stdout().includes('running')

/** The shards that a worker owns and processes. */
async function owned(worker: Program): Promise<readonly number[]> {
  await worker.until(() => isRunning(worker))
  const before = worker.stdout().length
  worker.process.kill('SIGUSR2')
  await worker.until(() => worker.stdout().slice(before).includes('}\n'))
  const status = JSON.parse(worker.stdout().slice(before).split('\n')[0]!) as RunStatus
  return status.worker!.shards.totals!.owned
}

/** Resolves when these workers process all shards, each of them some: one that has just begun gets them later. */
export const settled = (workers: readonly Program[]): Promise<void> =>
  vi.waitFor(
    async () => {
      const each = await Promise.all(workers.map(owned))
      expect(each).not.toContainEqual([])
      const all = each.flat()
      expect(all.sort()).toEqual(Array.from({ length: partitions }, (_, shard) => shard))
    },
    { timeout: 60_000, interval: 200 },
  )
