import type { MonitorReport } from '../../report.ts'
import { statusOfAll } from '../../workers/others.ts'
import { json, jsonType } from '../answer.ts'
import { histogramsOf } from './histograms.ts'
import { mermaidOf } from './mermaid.ts'
import { createOtherWorkers } from './otherWorker.ts'
import { createPartitionRoutes } from './partitions.ts'
import { unknown, type Answered, type Asked, type Route, type RouteParts } from './route.ts'
import { knownParameters, keyIn, numberIn, oneOf } from '../query.ts'

const mostLetters = 1000
/** What each worker knows of itself, and can be asked for of another. */
const ofOthers = new Set(['topology', 'histograms', 'partitions', 'dead-letters', 'trace'])

/** By the first part of the path. */
export function createRoutes(parts: RouteParts): ReadonlyMap<string, Route> {
  const { monitored } = parts

  const others = createOtherWorkers(parts)
  const { partitions, partitionOf } = createPartitionRoutes(parts, others)

  const trace = ({ query }: Asked): Answered => {
    knownParameters(query, ['key', 'partition'])
    const key = keyIn(query.get('key') ?? '')
    const partition = query.get('partition')
    if (partition !== null) partitionOf(partition)
    return (response) => {
      parts.trace(response, { key, ...(partition !== null && { partition }) })
    }
  }

  const routes: Record<string, Route> = {
    status: ({ query }) => {
      knownParameters(query, ['all'])
      if (!query.has('all')) return { type: jsonType, body: parts.status() }
      const report = monitored.report()
      const own = { worker: report.worker, report }
      const workers = monitored.cluster?.workers() ?? []
      return parts.inTurn(() => statusOfAll(workers, own, parts.askOther)).then((all) => json({ workers: all }))
    },
    workers: ({ query }) => {
      knownParameters(query, [])
      return json(monitored.cluster?.workers() ?? [])
    },
    topology: ({ query, accept }) => {
      knownParameters(query, ['format'])
      const usual = accept.includes('text/vnd.mermaid') ? 'mermaid' : 'json'
      const format = query.has('format') ? oneOf(query, 'format', ['json', 'mermaid']) : usual
      const topology = monitored.topology()
      return format === 'json'
        ? json(topology)
        : { type: 'text/vnd.mermaid; charset=utf-8', body: mermaidOf(topology), headers: { Vary: 'Accept' } }
    },
    histograms: ({ query }) => {
      knownParameters(query, [])
      return json(histogramsOf(monitored.histograms()))
    },
    partitions,
    'dead-letters': ({ query }) => {
      knownParameters(query, ['limit'])
      return json(monitored.deadLetters().slice(-numberIn(query, 'limit', mostLetters, mostLetters)))
    },
    metrics: async ({ accept }) => {
      const seen = { report: monitored.report(), histograms: monitored.histograms() }
      const { type, text } = await parts.expose()(seen, accept)
      return { type, body: text }
    },
    events: ({ query }) => {
      knownParameters(query, [])
      return parts.events
    },
    trace,
    healthz: () => json({ status: 'ok' }),
    readyz: () => {
      const reason = reasonOf(parts.report())
      return reason === undefined ? json({ status: 'ready' }) : json({ status: 'not ready', reason }, 503)
    },
  }
  const long = new Set(['partitions'])
  return new Map(
    Object.entries(routes).map(([name, route]) => [
      name,
      (asked: Asked) => {
        if (asked.path.length > 1 && !long.has(name)) throw unknown()
        return ofOthers.has(name) ? others.ofWorker(route)(asked) : route(asked)
      },
    ]),
  )
}

function reasonOf({ lifecycle, notReady }: MonitorReport): string | undefined {
  return notReady ?? (lifecycle === 'running' ? undefined : lifecycle)
}
