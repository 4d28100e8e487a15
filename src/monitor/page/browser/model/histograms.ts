import type { Histograms } from '../../view/percentiles.ts'
import { elapsed } from '../clock.ts'
import { ask } from './api.ts'

const often = 2000 // ms
const seldom = 30_000 // where it did not answer

type Heard = (histograms: Histograms, worker: string | undefined) => void

/** Asks for the latency histograms of a worker while they are looked at; `heard` is told what the run answered. */
export function createHistogramReader(heard: Heard): (worker: string | undefined) => void {
  let askAgainAt = 0
  return (worker) => {
    if (elapsed() < askAgainAt) return
    askAgainAt = elapsed() + often
    const query = worker === undefined ? '' : `?${new URLSearchParams({ worker }).toString()}`
    ask<Histograms>(`/histograms${query}`).then(
      (histograms) => heard(histograms, worker),
      () => {
        askAgainAt = elapsed() + seldom
      },
    )
  }
}
