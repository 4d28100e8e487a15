import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Observable } from 'rxjs'
import { fileSink, fileSource, journaled, lengthPrefixed, lines, lmdbStore, run, tcpSink, tcpSource } from 'wallarx'
import { decode } from 'wallarx/operators'
import { alphabet } from './alphabet.ts'

const help = `Adds up votes: a letter with votes in, a line "LETTER => TOTAL" for each out.

  npm run example -- alphabet

  --in PLACE   where votes come from, 5 bytes each: the letter, and the votes as a big-endian number
                 HOST:PORT   listen there; messages are preceded by their length, 4 bytes, big-endian
                 file:PATH   a file of one message a line in hexadecimal. Default: file:examples/data/votes.hex
                 stdin       the same of standard input
  --out PLACE  where the totals go
                 HOST:PORT   connect there
                 file:PATH   write this file
                 stdout      standard output. This is the default
  --state DIR  keeps the totals in this directory, and goes on from them at the next start
  --checkpoint-interval MS
               milliseconds between checkpoints (1000)
  --help       this text

In three terminals:

  npx wallarx receive 127.0.0.1:7002
  npm run example -- alphabet --in 127.0.0.1:7010 --out 127.0.0.1:7002 --state /tmp/alphabet
  npx wallarx send 127.0.0.1:7010 --hex examples/data/votes.hex`

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: 'file:examples/data/votes.hex' },
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
  const path = pathOf(out)
  const app = await run({
    name: 'Alphabet',
    pipelines: {
      Alphabet: alphabet(source(from, state), path === undefined ? tcpSink({ connect: out }) : fileSink({ path })),
    },
    ...(state !== undefined && { store: lmdbStore(state) }),
    checkpointInterval: Number(values['checkpoint-interval']),
  })
  await app.closed
}
