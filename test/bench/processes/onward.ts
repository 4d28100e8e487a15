import { join } from 'node:path'
import { Subject } from 'rxjs'
import {
  framed,
  fileSource,
  fromObservable,
  journaled,
  lengthPrefixed,
  lmdbStore,
  run,
  tcpSink,
  tcpSource,
} from 'wallarx'
import { encode, to, toSink } from 'wallarx/operators'
import { answer } from '../answer.ts'
import { createScratch } from '../scratch.ts'

// From one application to another, each with a store: node onward.ts plain|acknowledged

const acknowledged = process.argv[2] === 'acknowledged'
const directory = createScratch()
const framing = lengthPrefixed(4)
const inFrame = framed((frame: Buffer) => frame)
const store = lmdbStore(join(directory, 'store'))

/** One clock for all processes of this machine. */
const now = (): number => performance.timeOrigin + performance.now()

let count = 0
let wanted = Infinity
let reached: (time: number) => void = () => undefined
let latencies: number[] = []

const take = (frame: Buffer): undefined => {
  if (++count === wanted) reached(now())
  if (frame[0] === 0) latencies.push(now() - frame.readDoubleBE(1)) // no text begins with 0
  return undefined
}

const sinkTo = (port: number) => {
  const connect = `127.0.0.1:${port}`
  return acknowledged
    ? ([toSink<Buffer>(tcpSink({ connect, acknowledged, stream: 'bench' }))] as const)
    : ([encode(inFrame), toSink<Buffer>(tcpSink({ connect }))] as const)
}

answer({
  /** The receiver: answers with its port. */
  async listen() {
    let port = 0
    const onListening = (address: { readonly port: number }): void => void (port = address.port)
    const listen = '127.0.0.1:0'
    const frames = acknowledged
      ? tcpSource({ listen, acknowledged, onListening })
      : journaled(tcpSource({ listen, framing, onListening }), { directory: join(directory, 'journal') })
    await run({ name: 'B', pipelines: { B: frames.pipe(to(take)) }, store, log: false })
    return port
  },
  /** When so many frames had come, in ms since 1970. */
  reach: (frames: number) =>
    new Promise<number>((resolve) => {
      wanted = frames
      reached = resolve
      if (count >= frames) resolve(now())
    }),
  latencies() {
    const found = latencies
    latencies = []
    return found
  },
  /** The sender: sends the frames of a file. When it began, in ms since 1970. */
  async send(port: number, path: string) {
    const source = fileSource({ path, framing })
    const [first, second] = sinkTo(port)
    const pipeline = second === undefined ? source.pipe(first) : source.pipe(first, second)
    const began = now()
    await run({ name: 'A', pipelines: { A: pipeline }, store, log: false })
    return began
  },
  /** The sender: sends so many frames a second, each with the time at which it was due, in batches of 0.25 ms. */
  async tick(port: number, rate: number, seconds: number) {
    const frames = new Subject<Buffer>()
    const source = fromObservable(frames, { maxBuffered: 1e6 })
    const [first, second] = sinkTo(port)
    const pipeline = second === undefined ? source.pipe(first) : source.pipe(first, second)
    await run({ name: 'A', pipelines: { A: pipeline }, store, log: false })
    await new Promise((resolve) => setTimeout(resolve, 1500)) // greeted, both
    const start = now()
    await new Promise<void>((resolve) => {
      let sent = 0
      const sendDue = (): void => {
        const due = Math.floor((now() - start) * 4) // quarters of a millisecond
        for (; sent < (due * rate) / 4000; sent++) {
          const frame = Buffer.alloc(45)
          frame.writeDoubleBE(start + Math.floor((sent * 4000) / rate) / 4, 1)
          frames.next(frame)
        }
        if (due < seconds * 4000) setImmediate(sendDue)
        else resolve()
      }
      sendDue()
    })
    return Math.floor(rate * seconds)
  },
})
