import { onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { webSocketSource } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { collect, runForTest, type Collector, type TestRun } from '../../../support/pipelines.ts'

const text = (bytes: Buffer): string => bytes.toString()

export interface Opened extends TestRun {
  readonly port: number
  readonly sink: Collector<string>
  readonly client: (options?: ClientOptions & { readonly path?: string }) => Promise<Client>
}

/** Runs a source that listens into a sink that keeps the messages as text. */
export async function open(options: object = {}): Promise<Opened> {
  const sink = collect<string>()
  let port = 0
  const source = webSocketSource({ listen: '127.0.0.1:0', onListening: (at) => (port = at.port), ...options })
  const tested = await runForTest({ pipelines: { pipeline: source.pipe(decode(text), toSink(sink)) } })
  return { ...tested, port, sink, client: (options) => connect(port, options) }
}

/** Runs a source that connects. */
export async function openTo(connect: string, options: object = {}) {
  const sink = collect<string>()
  const source = webSocketSource({ connect, backoff: { initial: 5, max: 20 }, ...options })
  const tested = await runForTest({ pipelines: { pipeline: source.pipe(decode(text), toSink(sink)) } })
  return { ...tested, sink }
}

/** A connection that stands, as who connects sees it. */
export interface Client {
  readonly socket: WebSocket
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** How it was closed, once it is. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  /** Sends, and resolves when the other side has read it, and has handed it over. */
  readonly confirmed: (message: string | Uint8Array) => Promise<void>
}

/** Rejects with the answer where it is refused. */
async function connect(
  port: number,
  { path = '/', ...options }: ClientOptions & { readonly path?: string } = {},
): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
  onTestFinished(() => socket.terminate())
  let address = ''
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  await new Promise<void>((resolve, reject) => {
    socket.on('upgrade', ({ socket: raw }) => {
      address = `127.0.0.1:${raw.localPort!}`
    })
    socket.on('open', resolve)
    socket.on('error', reject)
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => reject(Object.assign(new Error(body), { status: response.statusCode })))
    })
  })
  let pings = 0
  const confirmed = async (message: string | Uint8Array): Promise<void> => {
    const ping = `${++pings}`
    const answered = new Promise<void>((resolve) => {
      socket.on('pong', (data) => {
        if (String(data) === ping) resolve()
      })
    })
    socket.send(message)
    socket.ping(ping)
    await answered
  }
  return { socket, address, closed, confirmed }
}
