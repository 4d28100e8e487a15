import type { OperatorFunction } from 'rxjs'
import type { ClusterDriver, SimulateClusterOptions } from './clusterDriver.ts'
import { simulateThrough } from './simulateThrough.ts'

/**
 * Runs a pipeline on several workers, as `run` does with `cluster: kafka(…)`, in one process, in virtual time and
 * without Kafka: over a broker in memory that keeps topics, transactions and groups as Kafka does. What happens follows
 * from the `seed` alone. Messages are sent to a topic that the workers read, and what comes out goes to another one.
 *
 * Resolves when all workers take input; rejects with what keeps one from starting.
 *
 * @param build makes the pipeline, from source to sink and without both, anew for each worker and each start
 * @example
 * ```ts
 * import { statePartition } from 'wallarx'
 * import { toStatePartition } from 'wallarx/operators'
 * import { simulateCluster } from 'wallarx/testing'
 *
 * const key = (word: string) => word.length
 * const counting = () =>
 *   toStatePartition(
 *     (word: string, state: { count: number }) => [`${word} ${++state.count}`, true],
 *     statePartition('words', { key, build: () => ({ count: 0 }) }),
 *   )
 * const cluster = await simulateCluster(counting, { workers: 3, key })
 * cluster.send('to', 'be', 'or', 'not')
 * await cluster.settle()
 * cluster.disturb({ disturbance: 'kill', worker: 0, call: 0 })
 * cluster.send('to', 'be')
 * await cluster.settle()
 * const byLength = cluster.outputsBy((line) => line.indexOf(' '))
 * assert.deepEqual(byLength.get(2), ['to 1', 'be 2', 'or 3', 'to 4', 'be 5'])
 * await cluster.close()
 * ```
 */
export async function simulateCluster<In, Out>(
  build: () => OperatorFunction<In, Out>,
  options: SimulateClusterOptions<In> = {},
): Promise<ClusterDriver<In, Out>> {
  return simulateThrough((client) => client, build, options)
}
