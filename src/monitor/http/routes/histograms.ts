import { histogramBounds, type Histogram, type HistogramsReport } from '../../monitored.ts'

interface Buckets {
  readonly bounds: readonly number[]
  /** How many took up to so many ms, for each bound; what took longer than the last one comes last. */
  readonly counts: readonly number[]
}

/** Latencies as the page draws them: by pipeline, then by node; `''` is the pipeline as a whole. */
export function bucketsOf({ pipelines, steps }: HistogramsReport): Record<string, Record<string, Buckets>> {
  return Object.fromEntries(
    pipelines.map(({ pipeline: name, ...whole }) => [
      name,
      Object.fromEntries([
        ['', buckets(whole)],
        ...steps.filter(({ pipeline }) => pipeline === name).map((one) => [one.step, buckets(one)] as const),
      ]),
    ]),
  )
}

function buckets({ cumulative, count }: Histogram): Buckets {
  const upTo = [...cumulative, count]
  return { bounds: histogramBounds, counts: upTo.map((all, place) => all - (upTo[place - 1] ?? 0)) }
}
