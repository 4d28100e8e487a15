import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { take, type Observable } from 'rxjs'
import { fileSink, fileSource, fromAsyncIterable, lines, run, webSocketSink, webSocketSource } from 'wallarx'
import { encode, toSink } from 'wallarx/operators'
import { figures } from './figures.ts'
import { servePage } from './page.ts'

const help = `Live figures over a WebSocket, to all who are connected: pages, or other applications.

  npm run example -- live

In two terminals, with as many more of the second as you like:

  npm run example -- live --listen 127.0.0.1:7012 --page 127.0.0.1:7013
  npm run example -- live --show ws://127.0.0.1:7012/live

Then type "kitchen 21.5" into the first, and open http://127.0.0.1:7013 in a browser.

  --listen HOST:PORT  where WebSockets connect
  --in FILE           lines "SENSOR DEGREES", read as the file grows. Default: standard input
  --page HOST:PORT    serves a page that shows the figures, and lets it connect
  --show URL          prints what this WebSocket says
  --help              this text

Who connects gets what comes from then on. Without any of these it makes readings up and shows itself four.`

function serve(readings: Observable<Buffer>, listen: string, page?: string, onListening?: (port: number) => void) {
  const live = webSocketSink({
    listen,
    path: '/live',
    ...(page !== undefined && { origins: [`http://${page}`] }), // another page would be refused
    onListening: ({ port }) => onListening?.(port),
  })
  return run({ name: 'Live', pipelines: { live: readings.pipe(figures(), toSink(live)) } })
}

function show(connect: string, messages = Infinity) {
  const said = webSocketSource({ connect }).pipe(
    take(messages),
    encode((message) => `${message.toString()}\n`),
    toSink(fileSink({ path: '-' })),
  )
  return run({ name: 'Show', pipelines: { said } })
}

async function* madeUp(): AsyncGenerator<Buffer> {
  for (let turn = 0; ; turn++) {
    yield Buffer.from(`kitchen ${20 + (turn % 3)}`)
    yield Buffer.from(`cellar ${11 + (turn % 2)}`)
    await delay(20)
  }
}

async function playSample(): Promise<void> {
  // A sink may listen later than run() resolves, which waits for the sources.
  let listening: (port: number) => void = () => undefined
  const port = new Promise<number>((resolve) => (listening = resolve))
  const live = await serve(fromAsyncIterable(madeUp()), '127.0.0.1:0', undefined, listening)
  const viewer = await show(`ws://127.0.0.1:${await port}/live`, 4)
  await viewer.closed
  await live.close()
}

const { values } = parseArgs({
  options: {
    listen: { type: 'string' },
    in: { type: 'string', default: '-' },
    page: { type: 'string' },
    show: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help === true) {
  console.log(help)
} else if (values.show !== undefined) {
  await (
    await show(values.show)
  ).closed
} else if (values.listen !== undefined) {
  const readings = fileSource({ path: values.in, framing: lines(), follow: values.in !== '-' })
  const app = await serve(readings, values.listen, values.page)
  const server = values.page === undefined ? undefined : await servePage(values.page, `ws://${values.listen}/live`)
  await app.closed
  server?.close()
  server?.closeAllConnections()
} else {
  await playSample()
}
