/** Application A over TCP to application B, each with a store: what is lost on the way, and who is killed. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { memoryStore, statePartition, tcpSink, tcpSource, utf8, type Store, type TcpSinkOptions } from 'wallarx'
import { decode, toSink, toStatePartition } from 'wallarx/operators'
import { memoryFile, startKillable, type MemoryFile } from '../../support/applications.ts'
import { feed } from '../../support/durability.ts'
import { freePort } from '../../support/sockets.ts'
import { eventually } from '../../support/watch.ts'

const count = 20_000
const lines = Array.from({ length: count }, (_, number) => `line ${number}`)
const expected = lines.map((line, number) => `${number} ${line}\n`).join('')

/** Each line with how many there were before it: state that shows what came twice, and what did not. */
function counted() {
  const totals = statePartition('totals', { key: () => 1n, build: () => ({ count: 0 }) })
  return toStatePartition((text: string, total: { count: number }) => [`${total.count++} ${text}\n`, true], totals)
}

const startA = (store: Store, port: number, options: Partial<TcpSinkOptions> = {}) => {
  const source = feed<string>()
  source.push(...lines)
  const sink = tcpSink({
    connect: `127.0.0.1:${port}`,
    acknowledged: true,
    stream: 'lines',
    backoff: { initial: 1, max: 5 },
    maxUnacknowledged: 64 * 1024,
    ...options,
  })
  return startKillable({ store, pipelines: { a: source.source.pipe(toSink<string>(sink)) } })
}
const startB = (store: Store, port: number, file: MemoryFile) =>
  startKillable({
    store,
    guarantee: 'exactly-once',
    pipelines: {
      b: tcpSource({ listen: `127.0.0.1:${port}`, acknowledged: true }).pipe(
        decode(utf8),
        counted(),
        toSink(file.sink),
      ),
    },
  })

/** Hands bytes on in pieces, and cuts each connection when so many have passed, in one direction or both. */
async function unreliableLine(to: number, cuts: Iterator<readonly [sent: number, acknowledged: number]>) {
  const sockets = new Set<Socket>()
  const server = createServer((from) => {
    const onwards = connect(to, '127.0.0.1')
    const [sent, acknowledged] = (cuts.next().value as [number, number] | undefined) ?? [Infinity, Infinity]
    const cut = (): void => {
      from.resetAndDestroy()
      onwards.resetAndDestroy()
    }
    const pass = (source: Socket, target: Socket, most: number): void => {
      let left = most
      sockets.add(source)
      source.on('error', () => undefined).once('close', () => target.destroy())
      source.on('data', (chunk: Buffer) => {
        target.write(chunk.subarray(0, left))
        left -= chunk.length
        if (left <= 0) cut()
      })
    }
    pass(from, onwards, sent)
    pass(onwards, from, acknowledged)
  })
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('all comes once over a line that breaks, whatever is lost on it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 1, max: 150 })), { maxLength: 12 }),
      async (cuts) => {
        const port = await freePort()
        const file = memoryFile()
        const b = await startB(memoryStore(), port, file)
        const a = await startA(memoryStore(), await unreliableLine(port, cuts.values()))
        await eventually(() => file.text.length >= expected.length)
        await a.close()
        await b.close()
        expect(file.text === expected).toBe(true)
      },
    ),
    { numRuns: 5 },
  )
}, 60_000)

test.each(['at once', 'after checkpoint'] as const)(
  'whoever is killed and whenever, the output is that of an undisturbed run (%s)',
  async (send) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ who: fc.constantFrom('a', 'b', 'both'), turns: fc.nat(30) }), {
          minLength: 3,
          maxLength: 12,
        }),
        async (kills) => {
          const port = await freePort()
          const file = memoryFile()
          const stores = { a: memoryStore(), b: memoryStore() }
          let b = await startB(stores.b, port, file)
          let a = await startA(stores.a, port, { send })
          for (const { who, turns } of kills) {
            for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
            if (who !== 'a') await b.kill()
            if (who !== 'b') await a.kill()
            if (who !== 'a') b = await startB(stores.b, port, file)
            if (who !== 'b') a = await startA(stores.a, port, { send })
          }
          await eventually(() => file.text.length >= expected.length)
          await b.close()
          await a.close()
          expect(file.text === expected).toBe(true)
        },
      ),
      { numRuns: 5 },
    )
  },
  60_000,
)
