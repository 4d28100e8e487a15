/** Application A over TCP to application B, each with a store: what is lost on the way, and who is killed. */
import { writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { delimited, fileSink, fileSource, memoryStore, statePartition, tcpSink, tcpSource, utf8 } from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
import { startKillable, type KillableApplication } from '../../support/applications.ts'
import { temporaryFolder } from '../../support/files.ts'
import { freePort } from '../../support/sockets.ts'
import { eventually } from '../../support/watch.ts'

const count = 20_000
const backoff = { initial: 2, max: 10 }
const line = (number: number): string => `line ${number}\n`
const text = Array.from({ length: count }, (_, number) => line(number)).join('')
const numbered = Array.from({ length: count }, (_, number) => `${number} line ${number}\n`).join('')

/** Each line with how many there were before it: state that shows what came twice, and what did not. */
function counted() {
  const totals = statePartition('totals', { key: () => 1n, build: () => ({ count: 0 }) })
  return toStatePartition((text: string, total: { count: number }) => [`${total.count++} ${text}\n`, true], totals)
}

function both() {
  const folder = temporaryFolder()
  const [input, output] = [join(folder, 'in'), join(folder, 'out')]
  writeFileSync(input, text)
  return { input, output }
}

const sendFrom = (input: string, port: number) =>
  fileSource({ path: input, framing: delimited('\n') }).pipe(
    toSink(tcpSink({ connect: `127.0.0.1:${port}`, acknowledged: true, stream: 'lines', backoff })),
  )
const receiveTo = (output: string, port: number) =>
  tcpSource({ listen: `127.0.0.1:${port}`, acknowledged: true }).pipe(
    decode(utf8),
    counted(),
    encode((each: string) => each),
    toSink(fileSink({ path: output })),
  )

test('all comes once, and the sender ends when all is acknowledged', async () => {
  const { input, output } = both()
  const port = await freePort()
  const b = await startKillable({ store: memoryStore(), pipelines: { b: receiveTo(output, port) }, guarantee: 'exactly-once' })
  const a = await startKillable({ store: memoryStore(), pipelines: { a: sendFrom(input, port) }, guarantee: 'exactly-once' })
  await a.closed
  await b.close()
  expect(readFileSync(output, 'utf8')).toBe(numbered)
})

test('whoever is killed and whenever, the output is that of an undisturbed run', async () => {
  const { input, output } = both()
  const port = await freePort()
  const stores = { a: memoryStore(), b: memoryStore() }
  const startA = () => startKillable({ store: stores.a, pipelines: { a: sendFrom(input, port) } })
  const startB = () => startKillable({ store: stores.b, pipelines: { b: receiveTo(output, port) } })
  let a: KillableApplication = await startA()
  let b: KillableApplication = await startB()
  const written = () => readFileSync(output, { encoding: 'utf8', flag: 'a+' }).length
  let turns = 0
  while (a.lifecycle !== 'closed') {
    const before = written()
    await eventually(() => written() !== before || a.lifecycle === 'closed' || turns++ % 50 === 49)
    if (turns % 2 === 0) {
      await a.kill()
      a = await startA()
    } else {
      await b.kill()
      b = await startB()
    }
    if (turns > 2000) break
  }
  await a.closed
  await b.close()
  expect(readFileSync(output, 'utf8')).toBe(numbered)
})
