import type { ClusterReport, MonitorReport } from './report.ts'

/** Why a run should get no work yet, or any more; `undefined`: it is ready. */
export function notReadyBecause(
  lifecycle: MonitorReport['lifecycle'],
  cluster: ClusterReport | undefined,
): string | undefined {
  if (lifecycle !== 'running') return `it is ${lifecycle}`
  for (const [partition, { restoring }] of Object.entries(cluster?.shards ?? {})) {
    const shards = restoring.map(({ shard }) => shard).join(' ')
    if (restoring.length > 0) return `it reads the entities of ${partition}, shards ${shards}`
  }
  return undefined
}
