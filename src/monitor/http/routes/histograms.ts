import { histogramBounds, type Histogram, type HistogramsReport } from '../../monitored.ts'
import type { Histogram as Counted, Histograms } from '../../page/view/percentiles.ts'

/** As the page reads it: by pipeline, then by node. */
export function histogramsOf({ steps, pipelines }: HistogramsReport): Histograms {
  return Object.fromEntries(
    pipelines.map(({ pipeline, ...latency }) => [
      pipeline,
      Object.fromEntries([
        ['', countedOf(latency)],
        ...steps.filter((one) => one.pipeline === pipeline).map(({ step, ...own }) => [step, countedOf(own)] as const),
      ]),
    ]),
  )
}

function countedOf({ cumulative, count }: Histogram): Counted {
  const upTo = [...cumulative, count]
  return { bounds: histogramBounds, counts: upTo.map((all, at) => all - (upTo[at - 1] ?? 0)) }
}
