import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { delimited, fileSink, fileSource, lmdbStore, run } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { statusCounts } from './statusCounts.ts'

const help = `Counts the requests of an access log by status, as it grows and is rotated.

  npm run example -- follow

  --in PATH    the log; a directory/ or a pattern ('logs/*.log') is all its files. Default: a sample
  --out FILE   where the counts go. Default: standard output
  --once       does not wait for more at the end of the log
  --state DIR  keeps the counts, and how far it is, in this directory, and goes on from there at the next start
  --help       this text

Runs until Ctrl-C. With --state, what is written to the log meanwhile, and rotated away, is counted at the next start.`

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: fileURLToPath(new URL('../data/access.log', import.meta.url)) },
    out: { type: 'string', default: '-' },
    once: { type: 'boolean', default: false },
    state: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help === true) {
  console.log(help)
} else {
  if (values.state !== undefined) mkdirSync(values.state, { recursive: true })
  const lines = fileSource({ path: values.in, framing: delimited('\n'), follow: !values.once })
  const app = await run({
    name: 'Status counts',
    pipelines: { counts: lines.pipe(statusCounts(), toSink(fileSink({ path: values.out }))) },
    ...(values.state !== undefined && { store: lmdbStore(values.state) }),
  })
  await app.closed
}
