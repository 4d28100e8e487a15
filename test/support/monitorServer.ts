/** A monitor that never saw a run: serves what a test gives it, over HTTP. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { MonitorReport, TraceReport } from '../../src/monitor/report.ts'
import { createWatch, type Watch } from './watch.ts'

export interface MonitorServer {
  readonly url: string
  readonly port: number
  /** What `/status` answers, and each new reader of `/events` gets first. */
  report: MonitorReport
  /** Addresses that were asked for, with their query. */
  readonly asked: readonly string[]
  /** Streams that are open. */
  readonly readers: () => number
  readonly until: Watch['until']
  /** To all who read `/events`. */
  send(report: MonitorReport): void
  /** To all who read `/trace`. */
  trace(report: TraceReport): void
  /** Text to all streams, as it is. */
  write(text: string): void
  /** Ends all streams in order. */
  endStreams(): void
  /** Breaks everything off, and listens no more. */
  die(): Promise<void>
}

export interface MonitorServerOptions {
  readonly report: MonitorReport
  readonly port?: number
  readonly token?: string
  /** Answers everything with this. */
  readonly answer?: { readonly status: number; readonly type?: string; readonly body: string }
}

export async function startMonitorServer(options: MonitorServerOptions): Promise<MonitorServer> {
  const { token, answer, port = 0 } = options
  const streams = new Map<ServerResponse, string>()
  const watch = createWatch()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://any')
    asked.push(request.url!)
    watch.changed()
    if (answer !== undefined) {
      response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' }).end(answer.body)
    } else if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ code: 'TOKEN_WRONG', message: 'no' }))
    } else if (pathname === '/status') {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(self.report))
    } else if (pathname === '/events' || pathname === '/trace') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      streams.set(response, pathname)
      watch.changed()
      response.on('close', () => {
        streams.delete(response)
        watch.changed()
      })
      if (pathname === '/events') response.write(eventOf('report', self.report))
    } else {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ code: 'NOT_FOUND', message: 'there is no such address' }))
    }
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const toAll = (path: string, text: string): void => {
    for (const [response, of] of streams) if (of === path) response.write(text)
  }
  const self: MonitorServer = {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    report: options.report,
    asked,
    readers: () => streams.size,
    until: watch.until,
    send: (report) => {
      toAll('/events', eventOf('report', report))
    },
    trace: (report) => {
      toAll('/trace', eventOf('trace', report))
    },
    write(text) {
      for (const response of streams.keys()) response.write(text)
    },
    endStreams() {
      for (const response of streams.keys()) response.end()
    },
    async die() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return self
}

const eventOf = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
