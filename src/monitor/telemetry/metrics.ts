import type { Attributes, BatchObservableCallback, Meter, Observable } from '@opentelemetry/api'
import type { Telemetry } from './api.ts'

/** A metric as the exposition for Prometheus has it, so that both tell the same. */
export interface MetricFamily<Seen> {
  /** Without `wallarx_`, and a counter without `_total`. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  samples(seen: Seen): readonly {
    readonly labels: Readonly<Record<string, string | number>>
    readonly value: number
    readonly suffix?: string
  }[]
}

/**
 * Shows metrics to whoever collects them through OpenTelemetry, when it does: `look` is called once for each
 * collection, and `shared` for what all of them have. A histogram is its count and its sum, because the API takes
 * none that is counted elsewhere. The result ends that.
 */
export function showMetrics<Seen>(
  families: readonly MetricFamily<Seen>[],
  look: () => Seen,
  shared: (seen: Seen) => Attributes,
  telemetry: Telemetry | undefined,
): () => void {
  const meter = telemetry?.meter
  if (meter === undefined) return () => undefined
  const shown = families.flatMap((family) => shownOf(family, meter))
  const observe: BatchObservableCallback = (result) => {
    const seen = look()
    const ofAll = shared(seen)
    for (const { family, suffix, metric } of shown) {
      for (const { labels, value, suffix: of } of family.samples(seen)) {
        if (of === suffix && Number.isFinite(value)) result.observe(metric, value, { ...ofAll, ...labels })
      }
    }
  }
  const metrics: Observable[] = shown.map(({ metric }) => metric)
  meter.addBatchObservableCallback(observe, metrics)
  return () => {
    meter.removeBatchObservableCallback(observe, metrics)
  }
}

interface Shown<Seen> {
  readonly family: MetricFamily<Seen>
  /** Which of its samples. */
  readonly suffix: string | undefined
  readonly metric: Observable
}

function shownOf<Seen>(family: MetricFamily<Seen>, meter: Meter): Shown<Seen>[] {
  const name = `wallarx.${family.name}`
  const options = { description: family.help }
  if (family.type === 'gauge')
    return [{ family, suffix: undefined, metric: meter.createObservableGauge(name, options) }]
  const suffixes = family.type === 'counter' ? [undefined] : ['_sum', '_count']
  return suffixes.map((suffix) => ({
    family,
    suffix,
    metric: meter.createObservableCounter(suffix === undefined ? name : `${name}.${suffix.slice(1)}`, options),
  }))
}
