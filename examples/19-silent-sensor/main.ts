import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fileSink, fileSource, lines, lmdbStore, run } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { silence } from './silence.ts'

const help = `Tells when nothing has come of a sensor for five minutes: a timer for each, set anew by each reading.

  npm run example -- silent-sensor

  --in FILE    lines "TIME SENSOR DEGREES", TIME as in 2026-03-01T09:00:00Z. - is standard input. Default: a sample
  --out FILE   where the warnings go. Default: standard output
  --state DIR  keeps sensors and timers in this directory, and goes on from them at the next start
  --help       this text

Time is what the readings say: that one sensor is silent shows as soon as another one speaks.`

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: fileURLToPath(new URL('../data/readings.txt', import.meta.url)) },
    out: { type: 'string', default: '-' },
    state: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help === true) {
  console.log(help)
} else {
  const text = fileSource({ path: values.in, framing: lines() })
  const app = await run({
    name: 'Silent sensors',
    pipelines: { sensors: text.pipe(silence(), toSink(fileSink({ path: values.out }))) },
    ...(values.state !== undefined && { store: lmdbStore(values.state) }),
  })
  await app.closed
}
