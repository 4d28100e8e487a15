import { parseArgs } from 'node:util'
import type { Observable } from 'rxjs'
import { fileSink, fileSource, lengthPrefixed, lines, run, tcpSink, tcpSource } from 'wallarx'
import { reversed } from './reverse.ts'

const help = `Reverses text: text in, a line with its characters from the last to the first for each out.

  npm run example -- reverse

  --in PLACE   where text comes from, in UTF-8
                 HOST:PORT   listen there; messages are preceded by their length, 4 bytes, big-endian
                 file:PATH   the lines of a file. Default: file:examples/data/words.txt
                 stdin       the same of standard input
  --out PLACE  where the results go
                 HOST:PORT   connect there
                 file:PATH   write this file
                 stdout      standard output. This is the default
  --help       this text

In three terminals:

  npx wallarx receive 127.0.0.1:7002
  npm run example -- reverse --in 127.0.0.1:7010 --out 127.0.0.1:7002
  npx wallarx send 127.0.0.1:7010 examples/data/words.txt`

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: 'file:examples/data/words.txt' },
    out: { type: 'string', default: 'stdout' },
    help: { type: 'boolean', short: 'h' },
  },
})

const pathOf = (place: string): string | undefined =>
  place === 'stdin' || place === 'stdout' ? '-' : /^file:(.*)/.exec(place)?.[1]

function source(place: string): Observable<Buffer> {
  const path = pathOf(place)
  return path === undefined
    ? tcpSource({ listen: place, framing: lengthPrefixed(4) })
    : fileSource({ path, framing: lines() })
}

if (values.help === true) {
  console.log(help)
} else {
  const path = pathOf(values.out)
  const sink = path === undefined ? tcpSink({ connect: values.out }) : fileSink({ path })
  const app = await run({ name: 'Reverse Word', pipelines: { Reverse: reversed(source(values.in), sink) } })
  await app.closed
}
