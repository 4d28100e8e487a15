// @ts-expect-error -- the package has no types
import parse from 'parse-prometheus-text-format'

/** One metric in the text that Prometheus scrapes. */
export interface ParsedMetric {
  readonly name: string
  readonly type: string
  readonly help: string
  /** Of a histogram one, with the buckets of the last of its labels, and nothing of the others. */
  readonly metrics: readonly {
    readonly value?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly buckets?: Readonly<Record<string, string>>
  }[]
}

/** By an independent parser. Throws where the text is not valid. */
export const parsePrometheusText = parse as (text: string) => readonly ParsedMetric[]
