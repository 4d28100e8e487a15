import type { MonitorReport } from '../../monitor/report.ts'
import type { MonitorAddress } from './address.ts'
import { Refusal } from './refusal.ts'

/** A report, where it is one that this version can read. Throws `Refusal`. */
export function asReport(value: unknown, { shown }: MonitorAddress): MonitorReport {
  const report = value as Partial<MonitorReport> | null
  if (report?.version === 1 && Array.isArray(report.pipelines)) return report as MonitorReport
  const version: unknown = typeof report === 'object' ? report?.version : undefined
  throw new Refusal(
    typeof version === 'number'
      ? `${shown} tells of itself in version ${version}, which is not known here. Use the wallarx of the application`
      : `what answers at ${shown} is no report of wallarx. Give the address of run({ monitor: { listen } })`,
  )
}
