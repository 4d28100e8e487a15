import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  delimited,
  fileSink,
  httpSource,
  journaled,
  lmdbStore,
  observerSink,
  run,
  utf8,
  webSocketSink,
  webSocketSource,
  type Running,
} from 'wallarx'
import { decode, encode, toSink } from 'wallarx/operators'
import { averages } from './averages.ts'

const help = `Readings are posted over HTTP; the average of each sensor goes out over a WebSocket.

  npm run example -- http

In three terminals:

  npm run example -- http --receive 127.0.0.1:7011
  npm run example -- http --in 127.0.0.1:7010 --out ws://127.0.0.1:7011
  curl -i --data-binary '{"sensor":"kitchen","celsius":21.5}' http://127.0.0.1:7010/readings

  --in HOST:PORT       where to listen for posts to /readings, each line of a body a reading
  --out URL            the WebSocket that gets the averages
  --receive HOST:PORT  listen for WebSockets, and print what comes
  --state DIR          keep averages in this directory, and a reading before it is answered 202
  --help               this text

Without any of these it posts a sample to itself.`

/** Where readings come in, and averages go out. */
interface ApplicationOptions {
  readonly listen: string
  readonly out: string
  readonly state?: string | undefined
  readonly onListening?: (address: { readonly port: number }) => void
}

function startApplication({ listen, out, state, onListening }: ApplicationOptions): Promise<Running> {
  const posted = httpSource({
    listen,
    path: '/readings',
    framing: delimited('\n', { unterminated: 'frame' }),
    ...(onListening && { onListening }),
  })
  const readings = state === undefined ? posted : journaled(posted, { directory: join(state, 'journal') })
  return run({
    name: 'Averages',
    pipelines: { averages: readings.pipe(averages, toSink(webSocketSink({ connect: out }))) },
    ...(state !== undefined && { store: lmdbStore(join(state, 'store')) }),
  })
}

/** Prints what WebSockets say. */
async function receive(listen: string): Promise<void> {
  const lines = webSocketSource({ listen }).pipe(
    decode(utf8),
    encode((line) => `${line}\n`),
  )
  const app = await run({ name: 'Receiver', pipelines: { lines: lines.pipe(toSink(fileSink({ path: '-' }))) } })
  await app.closed
}

const sample = [
  '{"sensor":"kitchen","celsius":21}\n{"sensor":"cellar","celsius":12}\n',
  '{"sensor":"kitchen","celsius":22}',
  '{"sensor":"kitchen","celsius":23}\n{"sensor":"cellar","celsius":13}',
]
const readings = 5

/** Receiver, application and who posts in one. */
async function playSample(): Promise<void> {
  let received = 0
  let ended = (): void => undefined
  const all = new Promise<void>((resolve) => (ended = resolve))
  const print = (line: string): void => {
    console.log(line)
    if (++received === readings) ended()
  }
  let ports = { receiver: 0, application: 0 }
  const source = webSocketSource({
    listen: '127.0.0.1:0',
    onListening: ({ port }) => (ports = { ...ports, receiver: port }),
  })
  const receiver = await run({
    name: 'Receiver',
    pipelines: { lines: source.pipe(decode(utf8), toSink(observerSink({ next: print }))) },
  })
  const application = await startApplication({
    listen: '127.0.0.1:0',
    out: `ws://127.0.0.1:${ports.receiver}`,
    onListening: ({ port }) => (ports = { ...ports, application: port }),
  })
  const url = `http://127.0.0.1:${ports.application}/readings`
  for (const body of sample) {
    const { status } = await fetch(url, { method: 'POST', body })
    if (status !== 202) throw new Error(`answered with ${status}`)
  }
  await all
  await application.close()
  await receiver.close()
}

const { values } = parseArgs({
  options: {
    in: { type: 'string' },
    out: { type: 'string' },
    receive: { type: 'string' },
    state: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help === true) {
  console.log(help)
} else if (values.receive !== undefined) {
  await receive(values.receive)
} else if (values.in !== undefined && values.out !== undefined) {
  const app = await startApplication({ listen: values.in, out: values.out, state: values.state })
  await app.closed
} else if (values.in === undefined && values.out === undefined) {
  await playSample()
} else {
  throw Object.assign(new TypeError('--in and --out go together'), { code: 'ERR_PARSE_ARGS' })
}
