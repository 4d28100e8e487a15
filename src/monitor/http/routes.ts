import type { ServerResponse } from 'node:http'
import { shown } from '../../base/shown.ts'
import type { Expose } from '../metrics/exposition.ts'
import type { Monitored, WorkerPlace } from '../monitored.ts'
import type { MonitorReport } from '../report.ts'
import { statusOfAll, type AskOther } from '../workers/others.ts'
import { json, jsonType, type Answer } from './answer.ts'
import { RequestFailure } from './failure.ts'
import { mermaidOf } from './mermaid.ts'
import { knownParameters, keyIn, oneOf, numberIn, type Target } from './query.ts'

/** A request, as a route looks at it. */
export interface Asked extends Target {
  readonly accept: string
  /** Another worker asks: what this one does not know is not asked of a third. */
  readonly isWorker: boolean
}

/** What a route answers: at once, later, or by events that go on. */
export type Answered = Answer | Promise<Answer> | ((response: ServerResponse) => void)

/** Answers what is asked of a run. Throws `RequestFailure`. */
export type Route = (asked: Asked) => Answered

export interface RouteParts {
  /** Throws `OPENING` while there is none. */
  readonly monitored: () => Monitored
  /** `undefined` while nothing is known of the run. */
  readonly report: () => MonitorReport | undefined
  /** `/status`, made once for all who ask at the same time. */
  readonly status: () => Buffer
  readonly expose: () => Expose
  /** Has what looks through many entities done one after the other. Throws `BUSY`. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>
  readonly askOther: AskOther
  readonly events: (response: ServerResponse) => void
  readonly trace: (response: ServerResponse, what: { key: bigint; partition?: string }) => void
}

/** How many entities stand on one page at most. */
const mostOnPage = 1000

/** By the first part of the path. */
export function createRoutes(parts: RouteParts): ReadonlyMap<string, Route> {
  const { monitored } = parts

  const partitionOf = (name: string) => {
    const found = monitored().partition(name)
    if (found !== undefined) return found
    const names = monitored()
      .report()
      .partitions.map((one) => JSON.stringify(one.name))
    const there = names.length === 0 ? 'none is in use' : `there is ${names.slice(0, 20).join(', ')}`
    throw new RequestFailure('PARTITION_UNKNOWN', `no state partition of this name is in use; ${there}`)
  }

  /** The worker that owns an entity, where it is another one. */
  const otherOwner = (partition: string, key: bigint): WorkerPlace | undefined => {
    const { cluster } = monitored()
    const owner = cluster?.ownerOf(partition, key)
    if (owner === undefined || owner === monitored().report().worker) return undefined
    return cluster?.workers().find(({ worker }) => worker === owner) ?? { worker: owner, address: '' }
  }

  const fromOwner = async (owner: WorkerPlace, partition: string, key: string): Promise<Answer> => {
    try {
      const { status, body } = await parts.askOther(owner, `/partitions/${encodeURIComponent(partition)}/${key}`)
      return { status, type: jsonType, body }
    } catch (error) {
      const where = owner.address === '' ? 'whose port is not known' : `at ${owner.address}, which does not answer`
      throw new RequestFailure('OWNER_UNREACHABLE', `the worker ${owner.worker} owns it, ${where}: ${shown(error)}`)
    }
  }

  const partitions = ({ path, query, isWorker }: Asked): Answered => {
    const [, name, key, ...rest] = path
    if (rest.length > 0) throw unknown()
    if (name === undefined) {
      knownParameters(query, [])
      return json(monitored().report().partitions)
    }
    const queries = partitionOf(name)
    if (key !== undefined) {
      knownParameters(query, [])
      const owner = isWorker ? undefined : otherOwner(name, keyIn(key))
      if (owner !== undefined) return fromOwner(owner, name, key)
      const entity = queries.entity(keyIn(key))
      if (entity !== undefined) return json(entity)
      throw new RequestFailure('ENTITY_UNKNOWN', 'there is no entity of this key')
    }
    knownParameters(query, ['after', 'limit', 'by'])
    const limit = numberIn(query, 'limit', 100, mostOnPage)
    const by = oneOf(query, 'by', ['key', 'size'])
    const after = query.get('after')
    const wanted = { limit, by, ...(after !== null && { after: keyIn(after) }) }
    return parts.inTurn(() => queries.page(wanted)).then((page) => json(page))
  }

  const trace = ({ query }: Asked): Answered => {
    knownParameters(query, ['key', 'partition'])
    const key = keyIn(query.get('key') ?? '')
    const partition = query.get('partition')
    if (partition === null) monitored()
    else partitionOf(partition)
    return (response) => {
      parts.trace(response, { key, ...(partition !== null && { partition }) })
    }
  }

  const routes: Record<string, Route> = {
    status: ({ query }) => {
      knownParameters(query, ['all'])
      if (!query.has('all')) return { type: jsonType, body: parts.status() }
      const report = monitored().report()
      const own = { worker: report.worker, report }
      const workers = monitored().cluster?.workers() ?? []
      return parts.inTurn(() => statusOfAll(workers, own, parts.askOther)).then((all) => json({ workers: all }))
    },
    workers: ({ query }) => {
      knownParameters(query, [])
      return json(monitored().cluster?.workers() ?? [])
    },
    topology: ({ query, accept }) => {
      knownParameters(query, ['format'])
      const usual = accept.includes('text/vnd.mermaid') ? 'mermaid' : 'json'
      const format = query.has('format') ? oneOf(query, 'format', ['json', 'mermaid']) : usual
      const topology = monitored().topology()
      return format === 'json'
        ? json(topology)
        : { type: 'text/vnd.mermaid; charset=utf-8', body: mermaidOf(topology), headers: { Vary: 'Accept' } }
    },
    partitions,
    'dead-letters': ({ query }) => {
      knownParameters(query, [])
      return json(monitored().deadLetters())
    },
    metrics: async ({ accept }) => {
      const seen = { report: monitored().report(), histograms: monitored().histograms() }
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
      const found = parts.report()
      const reason = found === undefined ? 'opening' : reasonOf(found)
      return reason === undefined ? json({ status: 'ready' }) : json({ status: 'not ready', reason }, 503)
    },
  }
  const long = new Set(['partitions'])
  return new Map(
    Object.entries(routes).map(([name, route]) => [
      name,
      (asked: Asked) => {
        if (asked.path.length > 1 && !long.has(name)) throw unknown()
        return route(asked)
      },
    ]),
  )
}

function reasonOf({ lifecycle, notReady }: MonitorReport): string | undefined {
  return notReady ?? (lifecycle === 'running' ? undefined : lifecycle)
}

export const unknown = (): RequestFailure =>
  new RequestFailure(
    'ROUTE_UNKNOWN',
    'there is /, /status, /status?all, /workers, /topology, /partitions, /partitions/NAME, /partitions/NAME/KEY, /dead-letters, /trace, ' +
      '/events, /metrics, /healthz and /readyz',
  )
