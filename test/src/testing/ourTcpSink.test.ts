import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, test } from 'vitest'
import { tcpSink } from 'wallarx'
import { sinkAborts, sinkHandsOverAll, sinkHoldsWhenBehind } from 'wallarx/testing'
import { freePort } from '../../support/sockets.ts'

type Bytes = Uint8Array | string

const servers = new Set<Server>()
afterEach(() => {
  for (const server of servers) server.close()
  servers.clear()
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A server that reads what is sent to it, once it listens. */
function createReceiver() {
  const seen: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined) // an abort resets it
    socket.once('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => seen.push(chunk))
  })
  servers.add(server)
  return {
    server,
    /** What the system has taken is read when the loop has looked for it a few times: this is one machine. */
    async received() {
      let chunks = seen.length
      for (let quiet = 0; quiet < 5; quiet++) {
        await turn()
        if (seen.length > chunks) quiet = -1
        chunks = seen.length
      }
      return Buffer.concat(seen)
    },
    isReleased: () => sockets.size === 0,
  }
}

const optionsFor = (port: number) => ({
  connect: { host: '127.0.0.1', port },
  highWaterMark: 8,
  backoff: { initial: 1, max: 5 },
})

async function build() {
  const { server, ...receiver } = createReceiver()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { sink: tcpSink(optionsFor((server.address() as AddressInfo).port)), ...receiver }
}

/** Nobody listens before `resume`. */
async function buildStalled() {
  const port = await freePort()
  const { server, ...receiver } = createReceiver()
  const resume = (): void => {
    if (!server.listening) server.listen(port, '127.0.0.1')
  }
  return { sink: tcpSink(optionsFor(port)), ...receiver, resume }
}

describe('tcpSink', { timeout: 60_000 }, () => {
  const few = fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.constant(Buffer.alloc(70_000, 'x')),
  )
  const messages: fc.Arbitrary<Bytes[]> = fc.array(few, { maxLength: 10 })

  test('hands over all', () => sinkHandsOverAll(build, { messages, runs: 50 }))
  test('may be aborted', () => sinkAborts(build, { messages, runs: 50 }))
  test('holds while nobody is there to take it', () => {
    const much: fc.Arbitrary<Bytes[]> = fc.array(fc.string({ minLength: 2, maxLength: 8 }), {
      minLength: 5,
      maxLength: 9,
    })
    return sinkHoldsWhenBehind(buildStalled, { messages: much, runs: 30 })
  })
})
