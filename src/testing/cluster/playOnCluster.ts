import { NoWorker, type ClusterDriver } from './clusterDriver.ts'
import type { ClusterEvent } from './disturbance.ts'

/** In ms: between two events. */
const between = 5

/**
 * Lets messages and disturbances happen to a pipeline on a cluster, one after the other, a few milliseconds apart; then
 * waits until everything is processed. Where no worker is left one joins at the end. Rejects with what a worker failed
 * with.
 *
 * @example
 * ```ts
 * import { toState } from 'wallarx/operators'
 * import { playOnCluster, simulateCluster } from 'wallarx/testing'
 * import { statePartition } from 'wallarx'
 *
 * const sum = () =>
 *   toState((n: number, state) => [(state.total += n), true], statePartition('sum', { build: () => ({ total: 0 }) }))
 * const cluster = await simulateCluster(sum, { workers: 2 })
 * await playOnCluster(cluster, [
 *   { message: 1 },
 *   { disturbance: 'freeze', worker: 0, milliseconds: 3000, call: 2 },
 *   { message: 2 },
 *   { disturbance: 'kill', worker: 1, call: 0 },
 *   { message: 3 },
 * ])
 * assert.deepEqual(cluster.outputs(), [1, 3, 6])
 * await cluster.close()
 * ```
 */
export async function playOnCluster<In, Out>(
  cluster: ClusterDriver<In, Out>,
  events: readonly ClusterEvent<In>[],
): Promise<void> {
  for (const event of events) {
    if ('message' in event) cluster.send(event.message)
    else cluster.disturb(event)
    const isPause = 'disturbance' in event && event.disturbance === 'pause'
    await cluster.advance(isPause ? event.milliseconds : between)
  }
  await settleAll(cluster)
}

/** Waits until everything is processed. */
export async function settleAll(cluster: Pick<ClusterDriver<never, unknown>, 'settle' | 'disturb'>): Promise<void> {
  await cluster.settle().catch(async (error: unknown) => {
    if (!(error instanceof NoWorker)) throw error
    cluster.disturb({ disturbance: 'join' })
    await cluster.settle()
  })
}
