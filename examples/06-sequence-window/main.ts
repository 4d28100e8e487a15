import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Observable } from 'rxjs'
import {
  fileSink,
  fileSource,
  framed,
  journaled,
  lengthPrefixed,
  lines,
  lmdbStore,
  run,
  tcpSink,
  tcpSource,
} from 'wallarx'
import { decode, encode, toSink } from 'wallarx/operators'
import { sequenceWindow } from './sequenceWindow.ts'

const help = `Detects lost and doubled messages: the numbers 1, 2, 3 … in, the last four even or odd ones out for each.

  npm run example -- sequence-window

  --in PLACE   where numbers come from, 8 bytes each, big-endian
                 HOST:PORT   listen there; messages are preceded by their length, 4 bytes, big-endian
                 file:PATH   a file of one message a line in hexadecimal. Default: file:examples/data/numbers.hex
                 stdin       the same of standard input
  --out PLACE  where the windows go
                 HOST:PORT   connect there; messages are preceded by their length, 4 bytes, big-endian
                 file:PATH   write this file, a line for each
                 stdout      standard output. This is the default
  --state DIR  keeps the windows in this directory, and goes on from them at the next start
  --checkpoint-interval MS
               milliseconds between checkpoints (1000)
  --help       this text

In three terminals:

  npx wallarx receive 127.0.0.1:7002 --framing length
  npm run example -- sequence-window --in 127.0.0.1:7010 --out 127.0.0.1:7002 --state /tmp/sequence-window
  npx wallarx send 127.0.0.1:7010 --hex examples/data/numbers.hex`

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: 'file:examples/data/numbers.hex' },
    out: { type: 'string', default: 'stdout' },
    state: { type: 'string' },
    'checkpoint-interval': { type: 'string', default: '1000' },
    help: { type: 'boolean', short: 'h' },
  },
})

const pathOf = (place: string): string | undefined =>
  place === 'stdin' || place === 'stdout' ? '-' : /^file:(.*)/.exec(place)?.[1]

const hexadecimal = (line: Buffer): Buffer => Buffer.from(line.toString().replaceAll(' ', ''), 'hex')

function source(place: string, state: string | undefined): Observable<Buffer> {
  const path = pathOf(place)
  if (path !== undefined) {
    return fileSource({ path, framing: lines() }).pipe(decode(hexadecimal))
  }
  const payloads = tcpSource({ listen: place, framing: lengthPrefixed(4) })
  return state === undefined ? payloads : journaled(payloads, { directory: join(state, 'journal'), name: 'journal' })
}

if (values.help === true) {
  console.log(help)
} else {
  const { in: from, out, state } = values
  const windows = sequenceWindow(source(from, state))
  const path = pathOf(out)
  const asIs = (window: string): string => window
  const asLine = (window: string): string => `${window}\n`
  const app = await run({
    name: 'Sequence Window',
    pipelines: {
      'Sequence Window':
        path === undefined
          ? windows.pipe(encode(framed(asIs)), toSink(tcpSink({ connect: out })))
          : windows.pipe(encode(asLine), toSink(fileSink({ path }))),
    },
    ...(state !== undefined && { store: lmdbStore(state) }),
    checkpointInterval: Number(values['checkpoint-interval']),
  })
  await app.closed
}
