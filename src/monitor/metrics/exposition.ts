import { Registry } from 'prom-client'
import { families } from './families.ts'
import type { Family, Seen } from './family.ts'

/** A scrape as it is sent. */
export interface Exposition {
  readonly type: string
  readonly text: string
}

/** What Prometheus is sent, of what it sees each time. */
export type Expose = (seen: Seen, accept: string) => Promise<Exposition>

/** What a registry asks a metric for. */
interface Collected {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly { readonly metricName?: string; readonly labels: object; readonly value: number }[]
}

/**
 * Metrics in the text format of Prometheus 0.0.4, or as OpenMetrics 1.0 for who asks for that. The registries are of
 * their own: whoever uses prom-client beside wallarx sees nothing of them.
 *
 * The metrics are our own objects with `get`, not prom-client's Counter and Gauge: those keep values by a text of all
 * labels, in which two sets of labels can be one where a label has a comma and a colon in it; and its Histogram counts
 * only what it has observed itself.
 */
export function createExposition(application: string, worker: string | undefined): Expose {
  let seen: Seen | undefined // by the scrape under way, which reads it in one turn
  const shared = { application, ...(worker !== undefined && { worker }) }

  const registryOf = (type: string, isOpenMetrics: boolean): Registry => {
    const registry = new Registry()
    registry.setContentType(type as typeof Registry.PROMETHEUS_CONTENT_TYPE)
    registry.setDefaultLabels(shared)
    for (const family of families) {
      const name = nameOf(family, isOpenMetrics)
      registry.registerMetric({ name, get: () => collect(family, name, seen!, isOpenMetrics) } as never)
    }
    return registry
  }
  const plain = registryOf(Registry.PROMETHEUS_CONTENT_TYPE, false)
  const open = registryOf(Registry.OPENMETRICS_CONTENT_TYPE, true)

  return async (now, accept) => {
    const registry = asksForOpenMetrics(accept) ? open : plain
    seen = now
    const text = registry.metrics() // each metric is asked before this returns
    seen = undefined
    return { type: registry.contentType, text: await text }
  }
}

/** OpenMetrics names a counter without `_total`, which its samples have; the registry adds it there. */
const nameOf = ({ name, type }: Family, isOpenMetrics: boolean): string =>
  `wallarx_${name}${type === 'counter' && !isOpenMetrics ? '_total' : ''}`

function collect(family: Family, name: string, seen: Seen, isOpenMetrics: boolean): Collected {
  const { help, type } = family
  const values = family
    .samples(seen)
    .filter(({ value }) => Number.isFinite(value))
    .map(({ suffix, labels, value }) => ({
      labels,
      value,
      ...(suffix !== undefined && { metricName: `${name}${suffix}` }),
    }))
  return { name, help: isOpenMetrics ? help.replaceAll('"', "'") : help, type, values }
}

/** As Prometheus asks: the one that is named, and not with less weight than text/plain. */
function asksForOpenMetrics(accept: string): boolean {
  const weights = new Map(
    accept
      .toLowerCase()
      .split(',')
      .map((part) => {
        const [type = '', ...parameters] = part.split(';').map((one) => one.trim())
        const weight = parameters.find((one) => one.startsWith('q='))?.slice(2)
        return [type, weight === undefined ? 1 : Number(weight)]
      }),
  )
  const open = weights.get('application/openmetrics-text') ?? 0
  return open > 0 && open >= (weights.get('text/plain') ?? 0)
}
