import { families } from '../metrics/families.ts'
import type { Monitored } from '../monitored.ts'
import type { Telemetry } from './api.ts'
import { showMetrics } from './metrics.ts'

/** Shows what `/metrics` exposes. The result ends that. */
export function showRun(run: Pick<Monitored, 'report' | 'histograms'>, telemetry: Telemetry | undefined): () => void {
  return showMetrics(
    families,
    () => ({ report: run.report(), histograms: run.histograms() }),
    ({ report: { application, worker } }) => ({ application, ...(worker !== undefined && { worker }) }),
    telemetry,
  )
}
