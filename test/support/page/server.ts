import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { contentPolicy } from '../../../src/monitor/http/answer.ts'
import { pageFile } from '../../../src/monitor/page/files.ts'
import type { DeadLetterReport, MonitorReport } from '../../../src/monitor/report.ts'
import { histogramOf } from './reports.ts'

/** What a run tells, as a test wants it. */
export interface Canned {
  deadLetters: DeadLetterReport[]
  /** Of other workers, by name. */
  deadLettersOf: Record<string, DeadLetterReport[]>
  workers: { worker: string; address: string; report?: MonitorReport; failure?: string }[]
  /** Of each key; what is not there is unknown. */
  states: Record<string, unknown>
  token?: string
}

/** Serves the page as a run does, with what a test puts there. */
export interface PageServer {
  readonly canned: Canned
  readonly url: string
  /** Paths that were asked for. */
  readonly asked: string[]
  /** Sends it to whoever listens, and to whoever comes before the next one. */
  send(report: MonitorReport): void
  sendDeadLetter(letter: DeadLetterReport): void
  /** The process has died: nothing answers any more, until it is started again at the same address. */
  stop(): Promise<void>
  start(): Promise<void>
}

export async function startPageServer(given: Partial<Canned> = {}): Promise<PageServer> {
  const canned: Canned = { deadLetters: [], deadLettersOf: {}, workers: [], states: {}, ...given }
  const listeners = new Set<ServerResponse>()
  const asked: string[] = []
  let last: MonitorReport | undefined
  let port = 0

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
    asked.push(request.url!)
    const file = pageFile(pathname)
    if (file !== undefined) {
      response.setHeader('content-type', file.type).setHeader('content-security-policy', contentPolicy)
      response.setHeader('x-content-type-options', 'nosniff').end(file.body)
      return
    }
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (canned.token !== undefined && request.headers.authorization !== `Bearer ${canned.token}`) {
      json(401, { code: 'TOKEN_NEEDED', message: 'a token is needed' })
      return
    }
    const [, room, name, key] = pathname.split('/').map(decodeURIComponent)
    if (room === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(last === undefined ? ': hello\n\n' : eventOf('report', last))
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
    } else if (room === 'dead-letters') {
      json(200, canned.deadLettersOf[searchParams.get('worker') ?? ''] ?? canned.deadLetters)
    } else if (room === 'status') json(200, { workers: canned.workers })
    else if (room === 'histograms') json(200, histogramsOf(last))
    else if (room === 'partitions' && key !== undefined) {
      if (key in canned.states) json(200, { key, state: canned.states[key] })
      else json(404, { code: 'ENTITY_UNKNOWN', message: `no entity of ${name!} has the key ${key}` })
    } else if (room === 'partitions') json(200, pageOf(Object.keys(canned.states), searchParams))
    else json(404, { code: 'NOT_FOUND', message: pathname })
  }
  let server = createServer(answer)
  const tell = (event: string): void => {
    for (const listener of listeners) listener.write(event)
  }
  const served: PageServer = {
    canned,
    asked,
    get url() {
      return `http://127.0.0.1:${port}/`
    },
    send(report) {
      last = report
      tell(eventOf('report', report))
    },
    sendDeadLetter: (letter) => tell(eventOf('dead-letter', letter)),
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      last = undefined
      await closed
    },
    async start() {
      server = createServer(answer)
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
      port = (server.address() as AddressInfo).port
    },
  }
  await served.start()
  return served
}

const eventOf = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

function histogramsOf(report: MonitorReport | undefined): unknown {
  const seconds = ((report?.at ?? 0) - (report?.startedAt ?? 0)) / 1000
  // Grows with each second, now more and now less.
  const some = seconds - 5.9 * Math.cos(seconds / 6) + 6
  const histogram = ({ count, p50 }: { count: number; p50: number }): unknown =>
    histogramOf(p50, count, (count / Math.max(1, seconds)) * some)
  return Object.fromEntries(
    (report?.pipelines ?? []).map(({ name, nodes, latency }) => [
      name,
      Object.fromEntries([
        ['', histogram(latency)],
        ...nodes.map((node) => [node.id, histogram(node.latency)] as const),
      ]),
    ]),
  )
}

function pageOf(keys: readonly string[], query: URLSearchParams): unknown {
  const from = keys.indexOf(query.get('after') ?? '') + 1
  const entities = keys.slice(from, from + 2).map((key) => ({ key, size: 10 * key.length }))
  return { entities, ...(from + 2 < keys.length ? { next: entities.at(-1)!.key } : {}) }
}
