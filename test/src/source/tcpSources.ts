import type { Socket } from 'node:net'
import { lengthPrefixed, tcpSource, type TcpSourceOptions } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { collect, runForTest, type Collector, type TestRun } from '../../support/pipelines.ts'
import { frame } from '../../support/sockets.ts'

export const framing = lengthPrefixed(4)
export const text = (bytes: Buffer): string => bytes.toString()

export interface Opened extends TestRun {
  readonly port: number
  readonly sink: Collector<string>
}

/** Runs a source into a sink that keeps the frames as text. */
export async function open(options: Partial<TcpSourceOptions> = {}): Promise<Opened> {
  const sink = collect<string>()
  let port = 0
  const source = tcpSource({
    listen: '127.0.0.1:0',
    framing,
    onListening: (address) => (port = address.port),
    ...options,
  })
  const tested = await runForTest({ pipelines: { pipeline: source.pipe(decode(text), toSink(sink)) } })
  return { ...tested, port, sink }
}

export const address = (socket: Socket): string => `127.0.0.1:${socket.localPort!}`

/** Sends a message over a connection and waits until it is through. */
export async function expectToWork(socket: Socket, { sink }: Opened, message = 'it works'): Promise<void> {
  socket.write(frame(message))
  await sink.until(() => sink.messages.includes(message))
}
