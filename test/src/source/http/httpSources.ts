import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { onTestFinished } from 'vitest'
import { httpSource, type HttpSourceOptions } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { collect, runForTest, type Collector, type TestRun } from '../../../support/pipelines.ts'
import { connect } from '../../../support/sockets.ts'

export const text = (bytes: Buffer): string => bytes.toString()

export interface Opened extends TestRun {
  readonly port: number
  readonly sink: Collector<string>
  readonly post: (body: string | Uint8Array, options?: RequestOptions) => Promise<Answer>
}

/** Runs a source into a sink that keeps the frames as text. */
export async function open(options: Partial<HttpSourceOptions> = {}): Promise<Opened> {
  const sink = collect<string>()
  let port = 0
  const source = httpSource({ listen: '127.0.0.1:0', path: '/in', onListening: (at) => (port = at.port), ...options })
  const tested = await runForTest({ pipelines: { pipeline: source.pipe(decode(text), toSink(sink)) } })
  return { ...tested, port, sink, post: (body, options) => post(port, body, options) }
}

/** What was answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Record<string, unknown>
}

/** Posts over a connection of its own. */
export async function post(port: number, body: string | Uint8Array, options: RequestOptions = {}): Promise<Answer> {
  const asking = request({ port, host: '127.0.0.1', path: '/in', method: 'POST', agent: false, ...options })
  asking.end(body)
  const [response] = (await once(asking, 'response')) as [
    AsyncIterable<Buffer> & { statusCode: number; headers: IncomingHttpHeaders },
  ]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const answered = Buffer.concat(chunks).toString()
  return {
    status: response.statusCode,
    headers: response.headers,
    body: (answered === '' ? {} : JSON.parse(answered)) as Record<string, unknown>,
  }
}

/** A connection whose bytes the test writes by itself, and all that it is answered. */
export async function raw(port: number) {
  const socket = await connect(port)
  let answered = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answered += text))
  onTestFinished(() => void socket.destroy())
  return { socket, answered: () => answered }
}

/** The head of a request with a body of so many bytes. */
export const head = (length: number, more = ''): string =>
  `POST /in HTTP/1.1\r\nHost: here\r\nContent-Length: ${length}\r\n${more}\r\n`
