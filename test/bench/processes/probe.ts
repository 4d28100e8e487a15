import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { answer } from '../answer.ts'
import { createTexts } from '../corpus.ts'
import { markerFinder } from '../markerFinder.ts'
import { quantile } from '../median.ts'
import { createSchedule } from '../schedule.ts'

// Sends frames to a server on a schedule and sees when the outputs of some of them come back: both on one clock.

const distinctFrames = 200_000

let sentAt: number[] = [] // when marker n was to be sent
let latencies: number[] = []

const receiver = createServer((socket) => {
  const find = markerFinder((marker) => {
    latencies[marker] = performance.now() - sentAt[marker]!
  })
  socket.on('error', () => {})
  socket.on('data', find)
})
receiver.listen(0, '127.0.0.1')
await once(receiver, 'listening')

let texts: readonly string[] | undefined

answer({
  port: () => (receiver.address() as AddressInfo).port,
  /** The 50th, 99th and 99.9th percentile in milliseconds, of what is sent after the warm-up. */
  async measure(port: number, framesPerSecond: number, warmUpSeconds: number, seconds: number) {
    const frames = Math.ceil(framesPerSecond * (warmUpSeconds + seconds))
    texts ??= createTexts(Math.min(frames, distinctFrames)).texts
    const schedule = createSchedule(texts, framesPerSecond, warmUpSeconds + seconds)
    latencies = []
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    socket.resume()

    const start = performance.now()
    sentAt = schedule.markers.map((batch) => start + batch * schedule.interval)
    await new Promise<void>((resolve) => {
      let sent = 0
      // Not a timer: it would be late by more than what is measured. A batch that is late counts from when it was due.
      const sendDue = (): void => {
        const due = Math.min(Math.floor((performance.now() - start) / schedule.interval) + 1, schedule.batches)
        if (due > sent) {
          socket.write(schedule.bytesOf(sent, due))
          sent = due
        }
        if (sent < schedule.batches) setImmediate(sendDue)
        else resolve()
      }
      sendDue()
    })
    const last = schedule.markers.length - 1
    for (let waited = 0; latencies[last] === undefined && waited < 10_000; waited += 10) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    socket.end()
    const measured = latencies.slice(
      schedule.markers.findIndex((batch) => batch * schedule.interval >= 1000 * warmUpSeconds),
    )
    for (const latency of measured) if (latency === undefined) throw new Error('a message did not come back')
    const sorted = measured.toSorted((a, b) => a - b)
    return [quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 0.999)]
  },
})
