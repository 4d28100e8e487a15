import { parseArgs } from 'node:util'
import type { Observable } from 'rxjs'
import { fileSink, fileSource, lengthPrefixed, lines, run, tcpSink, tcpSource } from 'wallarx'
import { decode } from 'wallarx/operators'
import { celsius } from './celsius.ts'

const help = `Converts temperatures: degrees Celsius in, a line of degrees Fahrenheit for each out.

  npm run example -- celsius

  --in PLACE   where temperatures come from, each a float32, big-endian
                 HOST:PORT   listen there; messages are preceded by their length, 4 bytes, big-endian
                 file:PATH   a file of one message a line in hexadecimal. Default: file:examples/data/temperatures.hex
                 stdin       the same of standard input
  --out PLACE  where the results go
                 HOST:PORT   connect there
                 file:PATH   write this file
                 stdout      standard output. This is the default
  --help       this text

In three terminals:

  npx wallarx receive 127.0.0.1:7002
  npm run example -- celsius --in 127.0.0.1:7010 --out 127.0.0.1:7002
  npx wallarx send 127.0.0.1:7010 --hex examples/data/temperatures.hex`

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: 'file:examples/data/temperatures.hex' },
    out: { type: 'string', default: 'stdout' },
    help: { type: 'boolean', short: 'h' },
  },
})

const pathOf = (place: string): string | undefined =>
  place === 'stdin' || place === 'stdout' ? '-' : /^file:(.*)/.exec(place)?.[1]

const hexadecimal = (line: Buffer): Buffer => Buffer.from(line.toString().replaceAll(' ', ''), 'hex')

function source(place: string): Observable<Buffer> {
  const path = pathOf(place)
  return path === undefined
    ? tcpSource({ listen: place, framing: lengthPrefixed(4) })
    : fileSource({ path, framing: lines() }).pipe(decode(hexadecimal))
}

if (values.help === true) {
  console.log(help)
} else {
  const path = pathOf(values.out)
  const sink = path === undefined ? tcpSink({ connect: values.out }) : fileSink({ path })
  const app = await run({
    name: 'Celsius to Fahrenheit',
    pipelines: { 'Celsius Conversion': celsius(source(values.in), sink) },
  })
  await app.closed
}
