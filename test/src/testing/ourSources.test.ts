import { Agent } from 'node:http'
import { Socket } from 'node:net'
import { writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import fc from 'fast-check'
import { concat, defer, from, NEVER, Observable } from 'rxjs'
import { describe, test } from 'vitest'
import {
  delimited,
  fileSource,
  fromAsyncIterable,
  fromNodeStream,
  fromObservable,
  fromWebStream,
  httpSource,
  journaled,
  tcpSource,
  webSocketSource,
} from 'wallarx'
import { to } from 'wallarx/operators'
import {
  sourceLetsGo,
  sourceObeysHolds,
  sourceResumes,
  sourceStopsWhenTold,
  type BuildSource,
  type ReleasingSource,
} from 'wallarx/testing'
import { temporaryPaths } from '../../support/files.ts'
import { freePort, isFree } from '../../support/sockets.ts'
import { post } from '../source/http/httpSources.ts'
import { WebSocket, WebSocketServer } from 'ws'

/** A path of its own for each run of a law. */
const path = temporaryPaths()

const words = fc.array(fc.tuple(fc.string({ unit: fc.constantFrom('a', 'b', 'ü') }), fc.constantFrom(1, 9000)), {
  maxLength: 8,
})
/** Different from each other, and some so long that a file has many chunks. */
const lines = words.map((some) => some.map(([word, length], at) => `${at} ${word.repeat(length)}`))

const asBuffers = (some: readonly string[]): Buffer[] => some.map((text) => Buffer.from(text))
const decoded = (source: Observable<Uint8Array>): Observable<string> =>
  source.pipe(to((bytes: Uint8Array) => Buffer.from(bytes).toString()))

async function* generated<Item>(some: readonly Item[]): AsyncGenerator<Item> {
  for (const one of some) yield await Promise.resolve(one)
}

/** A source that goes on, when it is subscribed to again, after what it has emitted. */
function passing<Item>(some: readonly Item[]): Observable<Item> {
  const rest = [...some]
  return new Observable((subscriber) => {
    const emit = (): void => {
      for (let count = 0; count < 2 && rest.length > 0; count++) subscriber.next(rest.shift()!)
      if (rest.length === 0) subscriber.complete()
    }
    const timer = setInterval(emit, 0)
    return () => {
      clearInterval(timer)
    }
  })
}

describe('sources', { timeout: 60_000 }, () => {
  const fileOf: BuildSource<string> = (some) => {
    const file = path()
    writeFileSync(file, some.map((line) => `${line}\n`).join(''))
    return decoded(fileSource({ path: file, framing: delimited() }))
  }
  const journalOf: BuildSource<string> = (some) =>
    decoded(journaled(passing(asBuffers(some)), { directory: path(), segmentLength: 64 * 1024 }))

  const tcpOf = async (some: readonly string[]): Promise<ReleasingSource<string>> => {
    const port = await freePort()
    const source = defer(() => {
      const client = new Socket()
      client.on('error', () => undefined)
      return tcpSource({
        listen: `127.0.0.1:${port}`,
        framing: delimited(),
        onListening: () => {
          client.connect({ port, host: '127.0.0.1' }).write(some.map((line) => `${line}\n`).join(''))
        },
      })
    })
    return { source: decoded(source), isReleased: () => isFree(port) }
  }

  /** A client posts one line after the other, until it is refused. */
  const httpOf = async (some: readonly string[]): Promise<ReleasingSource<string>> => {
    const port = await freePort()
    const send = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      for (const line of some) if ((await post(port, line, { agent })).status !== 202) break
      agent.destroy()
    }
    const source = httpSource({
      listen: `127.0.0.1:${port}`,
      path: '/in',
      onListening: () => void send().catch(() => undefined),
    })
    return { source: decoded(source), isReleased: () => isFree(port) }
  }
  const listeningOf = async (some: readonly string[]): Promise<ReleasingSource<string>> => {
    const port = await freePort()
    const send = (): void => {
      const client = new WebSocket(`ws://127.0.0.1:${port}`)
      client.on('error', () => undefined)
      client.on('open', () => {
        for (const line of some) client.send(line)
      })
    }
    const source = webSocketSource({ listen: `127.0.0.1:${port}`, onListening: send })
    return { source: decoded(source), isReleased: () => isFree(port) }
  }
  const connectingOf = async (some: readonly string[]): Promise<ReleasingSource<string>> => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await new Promise((resolve) => server.on('listening', resolve))
    const { port } = server.address() as { port: number }
    let isReleased = true
    server.on('connection', (client) => {
      isReleased = false
      for (const line of some) client.send(line)
      client.on('close', () => {
        isReleased = true
        server.close()
      })
    })
    const source = webSocketSource({ connect: `ws://127.0.0.1:${port}` })
    return { source: decoded(source), isReleased: () => isReleased }
  }

  const all: readonly (readonly [string, BuildSource<string>, number])[] = [
    ['fromAsyncIterable', (some) => fromAsyncIterable(generated(some)), 100],
    ['fromAsyncIterable of an array', (some) => fromAsyncIterable(some), 100],
    ['fromObservable', (some) => fromObservable(from(some)), 100],
    ['fromObservable of a promise for each', (some) => fromObservable(from(generated(some))), 100],
    ['fromObservable of what does not end', (some) => fromObservable(concat(from(some), NEVER)), 100],
    ['fromNodeStream', (some) => fromNodeStream<string>(Readable.from(some)), 100],
    ['fromWebStream', (some) => fromWebStream(new ReadableStream<string>(pulling(some))), 100],
    ['fileSource', fileOf, 50],
    ['journaled', journalOf, 20],
    ['tcpSource', async (some) => (await tcpOf(some)).source, 20],
    ['httpSource', async (some) => (await httpOf(some)).source, 20],
    ['webSocketSource that listens', async (some) => (await listeningOf(some)).source, 20],
    ['webSocketSource that connects', async (some) => (await connectingOf(some)).source, 20],
  ]
  describe.each(all)('%s', (_, build, runs) => {
    test('obeys holds', () => sourceObeysHolds(build, { messages: lines, runs }))
    test('stops when told', () => sourceStopsWhenTold(build, { messages: lines, runs }))
  })

  test('fileSource resumes', () => sourceResumes(fileOf, { messages: lines }))
  test('journaled resumes', () => sourceResumes(journalOf, { messages: lines, runs: 30 }))

  test('fromAsyncIterable lets go', () =>
    sourceLetsGo(
      (some) => {
        // A generator that was not asked for anything has nothing to let go of.
        let open = 0
        async function* watched(): AsyncGenerator<string> {
          open++
          try {
            yield* generated(some)
          } finally {
            open--
          }
        }
        return { source: fromAsyncIterable(watched()), isReleased: () => open === 0 }
      },
      { messages: lines },
    ))
  test('fromNodeStream lets go', () =>
    sourceLetsGo(
      (some) => {
        const stream = Readable.from(some)
        return { source: fromNodeStream<string>(stream), isReleased: () => stream.destroyed }
      },
      { messages: lines },
    ))
  test('fromWebStream lets go', () =>
    sourceLetsGo(
      (some) => {
        let released = false
        const stream = new ReadableStream<string>(pulling(some, () => (released = true)))
        return { source: fromWebStream(stream), isReleased: () => released }
      },
      { messages: lines },
    ))
  test('fromObservable lets go', () =>
    sourceLetsGo(
      (some) => {
        let open = 0
        const foreign = new Observable<string>((subscriber) => {
          open++
          subscriber.add(() => open--)
          from(generated(some)).subscribe(subscriber)
        })
        return { source: fromObservable(foreign), isReleased: () => open === 0 }
      },
      { messages: lines },
    ))
  test.each([
    ['tcpSource', tcpOf],
    ['httpSource', httpOf],
    ['webSocketSource that listens', listeningOf],
    ['webSocketSource that connects', connectingOf],
  ])('%s lets go', (_, build) => sourceLetsGo(build, { messages: lines, runs: 20 }))
})

function pulling(some: readonly string[], onEnd: () => void = () => undefined) {
  let at = 0
  return {
    pull(controller: ReadableStreamDefaultController<string>) {
      if (at < some.length) {
        controller.enqueue(some[at++]!)
        return
      }
      controller.close()
      onEnd()
    },
    cancel: onEnd,
  }
}
