import type { MonitorReport } from '../../../report.ts'
import { elapsed } from '../clock.ts'
import { ask } from './api.ts'

/** A worker of the cluster, as the one whose page this is hears of it. */
export interface OtherWorker {
  readonly worker: string
  /** Where its own page is. */
  readonly address: string
  readonly report?: MonitorReport
  /** Why there is no report. */
  readonly failure?: string
}

const often = 3000 // ms

/** Asks now and then for what all workers are at; `heard` is told. */
export function createOthersReader(heard: (workers: readonly OtherWorker[]) => void): () => void {
  let askAgainAt = 0
  return () => {
    if (elapsed() < askAgainAt) return
    askAgainAt = elapsed() + often
    ask<{ readonly workers: readonly OtherWorker[] }>('/status?all').then(
      ({ workers }) => heard(workers),
      () => undefined, // asked again soon
    )
  }
}
