import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Observable } from 'rxjs'
import { fileSink, fileSource, lines, lmdbStore, run } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { clicks, orders, payments } from './lines.ts'
import { paidOrders } from './paidOrders.ts'
import { visits } from './visits.ts'

const help = `Joins orders with their payments within half an hour, and puts clicks of visitors together to visits.

  npm run example -- orders-and-payments

  --orders FILE    lines "TIME ORDER SUM", TIME as in 2026-03-01T09:00:00Z. Default: a sample
  --payments FILE  lines "TIME ORDER SUM". Default: a sample
  --clicks FILE    lines "TIME VISITOR PAGE". Default: a sample
  --out FILE       what became of the orders. Default: standard output
  --visits FILE    the visits. Default: standard output, too
  --state DIR      keeps what waits in this directory, and goes on from it at the next start
  --help           this text

Two files are two origins: the one that is behind holds the other's time, so that no payment is missed because its file
is read more slowly.`

const sample = (name: string): string => fileURLToPath(new URL(`../data/${name}.txt`, import.meta.url))
const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: sample('orders') },
    payments: { type: 'string', default: sample('payments') },
    clicks: { type: 'string', default: sample('clicks') },
    out: { type: 'string', default: '-' },
    visits: { type: 'string', default: '-' },
    state: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

const linesOf = (name: string, path: string): Observable<Buffer> => fileSource({ name, path, framing: lines() })

if (values.help === true) {
  console.log(help)
} else {
  const app = await run({
    name: 'Shop',
    pipelines: {
      orders: linesOf('orders', values.orders).pipe(
        orders(),
        paidOrders(linesOf('payments', values.payments).pipe(payments())),
        toSink(fileSink({ path: values.out })),
      ),
      visits: linesOf('clicks', values.clicks).pipe(clicks(), visits(), toSink(fileSink({ path: values.visits }))),
    },
    ...(values.state !== undefined && { store: lmdbStore(values.state) }),
  })
  await app.closed
}
