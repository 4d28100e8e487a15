import type { Histograms } from '../../view/percentiles.ts'
import { elapsed } from '../clock.ts'
import { ask } from './api.ts'

const often = 2000 // ms
const seldom = 30_000 // where it did not answer

/** Asks for the latency histograms while they are looked at; `heard` is told what the run answered. */
export function createHistogramReader(heard: (histograms: Histograms) => void): () => void {
  let askAgainAt = 0
  return () => {
    if (elapsed() < askAgainAt) return
    askAgainAt = elapsed() + often
    ask<Histograms>('/histograms').then(heard, () => {
      askAgainAt = elapsed() + seldom
    })
  }
}
