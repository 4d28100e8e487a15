import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Observable } from 'rxjs'
import {
  fileSink,
  fileSource,
  fromAsyncIterable,
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
import { totalAlerts, transactionAlerts } from './alerts.ts'
import { numberedTransactions, transaction, userTransactions, type Transaction } from './transactions.ts'

const help = `Raises alerts: transactions in, a line out for each that is beyond ±1000, or brings a total beyond ±2000.

  npm run example -- alerts
  npm run example -- alerts --stateful

  --stateful   looks at the total of each user, and not at each transaction alone
  --count N    how many transactions to make up (100)
  --in PLACE   where transactions come from, texts "ID AMOUNT". Default: they are made up
                 HOST:PORT   listen there; messages are preceded by their length, 4 bytes, big-endian
                 file:PATH   the lines of a file
                 stdin       the same of standard input
  --out PLACE  where the alerts go
                 HOST:PORT   connect there
                 file:PATH   write this file
                 stdout      standard output. This is the default
  --state DIR  keeps the totals in this directory, and goes on from them at the next start
  --checkpoint-interval MS
               milliseconds between checkpoints (1000)
  --help       this text

In three terminals:

  npx wallarx receive 127.0.0.1:7002
  npm run example -- alerts --stateful --in 127.0.0.1:7010 --out 127.0.0.1:7002
  echo "Rex 2500" | npx wallarx send 127.0.0.1:7010`

const { values } = parseArgs({
  options: {
    stateful: { type: 'boolean', default: false },
    count: { type: 'string', default: '100' },
    in: { type: 'string' },
    out: { type: 'string', default: 'stdout' },
    state: { type: 'string' },
    'checkpoint-interval': { type: 'string', default: '1000' },
    help: { type: 'boolean', short: 'h' },
  },
})

const pathOf = (place: string): string | undefined =>
  place === 'stdin' || place === 'stdout' ? '-' : /^file:(.*)/.exec(place)?.[1]

function source(place: string | undefined, state: string | undefined): Observable<Transaction> {
  if (place === undefined) {
    const count = Number(values.count)
    if (!(count >= 0))
      throw new WallarxError('OPTION_INVALID', { expected: '--count to be a number', got: values.count })
    return fromAsyncIterable(values.stateful ? userTransactions(count) : numberedTransactions(count))
  }
  const path = pathOf(place)
  if (path !== undefined) {
    return fileSource({ path, framing: lines() }).pipe(decode(transaction))
  }
  const payloads = tcpSource({ listen: place, framing: lengthPrefixed(4) })
  const kept =
    state === undefined ? payloads : journaled(payloads, { directory: join(state, 'journal'), name: 'journal' })
  return kept.pipe(decode(transaction))
}

if (values.help === true) {
  console.log(help)
} else {
  const { in: from, out, state, stateful } = values
  const alerts = stateful ? totalAlerts : transactionAlerts
  const path = pathOf(out)
  const app = await run({
    name: stateful ? 'Alerts (stateful)' : 'Alerts (stateless)',
    pipelines: {
      Alerts: alerts(source(from, state)).pipe(
        encode((line: string) => line),
        toSink(path === undefined ? tcpSink({ connect: out }) : fileSink({ path })),
      ),
    },
    ...(state !== undefined && { store: lmdbStore(state) }),
    checkpointInterval: Number(values['checkpoint-interval']),
  })
  await app.closed
}
