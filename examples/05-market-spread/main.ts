import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { concat, finalize, Subject, type Observable } from 'rxjs'
import {
  fileSink,
  fileSource,
  framed,
  fromObservable,
  journaled,
  lengthPrefixed,
  lines,
  lmdbStore,
  run,
  tcpSink,
  tcpSource,
  WallarxError,
} from 'wallarx'
import { decode, encode, toSink } from 'wallarx/operators'
import { marketData, orders } from './marketSpread.ts'
import { describeRejected, encodeRejected } from './messages.ts'

const help = `Checks orders against market data: those whose symbol has too wide a spread come out, rejected.

  npm run example -- market-spread

  --in ORDERS,MARKET-DATA
               where orders and market data come from (the layouts are in messages.ts), each one of
                 HOST:PORT   listen there; messages are preceded by their length, 4 bytes, big-endian
                 file:PATH   a file of one message a line in hexadecimal; one of market data is read before any order.
                             Default: file:examples/data/orders.hex,file:examples/data/market-data.hex
                 stdin       the same of standard input
  --out PLACE  where rejected orders go
                 HOST:PORT   connect there; messages are preceded by their length, 4 bytes, big-endian
                 file:PATH   write this file, a line of text for each
                 stdout      standard output. This is the default
  --state DIR  keeps the market data in this directory, and goes on from it at the next start
  --checkpoint-interval MS
               milliseconds between checkpoints (1000)
  --help       this text

In four terminals:

  npx wallarx receive 127.0.0.1:7002 --framing length --hex
  npm run example -- market-spread --in 127.0.0.1:7010,127.0.0.1:7011 --out 127.0.0.1:7002
  npx wallarx send 127.0.0.1:7011 --hex examples/data/market-data.hex
  npx wallarx send 127.0.0.1:7010 --hex examples/data/orders.hex`

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: 'file:examples/data/orders.hex,file:examples/data/market-data.hex' },
    out: { type: 'string', default: 'stdout' },
    state: { type: 'string' },
    'checkpoint-interval': { type: 'string', default: '1000' },
    help: { type: 'boolean', short: 'h' },
  },
})

const pathOf = (place: string): string | undefined =>
  place === 'stdin' || place === 'stdout' ? '-' : /^file:(.*)/.exec(place)?.[1]

const hexadecimal = (line: Buffer): Buffer => Buffer.from(line.toString().replaceAll(' ', ''), 'hex')

function source(place: string, name: string, state: string | undefined): Observable<Buffer> {
  const path = pathOf(place)
  if (path !== undefined) {
    return fileSource({ path, framing: lines() }).pipe(decode(hexadecimal))
  }
  const payloads = tcpSource({ listen: place, framing: lengthPrefixed(4) })
  return state === undefined ? payloads : journaled(payloads, { directory: join(state, name), name })
}

if (values.help === true) {
  console.log(help)
} else {
  const { out, state } = values
  const [ordersPlace, marketDataPlace, more] = values.in.split(',')
  if (ordersPlace === undefined || marketDataPlace === undefined || more !== undefined) {
    throw new WallarxError('OPTION_INVALID', { expected: '--in to be two places, ORDERS,MARKET-DATA', got: values.in })
  }
  const quotes = source(marketDataPlace, 'market-data', state)
  const placed = source(ordersPlace, 'orders', state)
  const read = new Subject<never>() // completes when a file of market data is read
  const isFile = pathOf(marketDataPlace) !== undefined
  const rejected = orders(isFile ? concat(fromObservable(read), placed) : placed)
  const path = pathOf(out)
  const app = await run({
    name: 'market-spread',
    pipelines: {
      Orders:
        path === undefined
          ? rejected.pipe(encode(framed(encodeRejected)), toSink(tcpSink({ connect: out })))
          : rejected.pipe(encode(describeRejected), toSink(fileSink({ path }))),
      'Market Data': marketData(quotes).pipe(
        finalize(() => {
          read.complete()
        }),
      ),
    },
    ...(state !== undefined && { store: lmdbStore(state) }),
    checkpointInterval: Number(values['checkpoint-interval']),
  })
  await app.closed
}
