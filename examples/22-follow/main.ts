import { mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { take } from 'rxjs'
import { delimited, fileSink, fileSource, lmdbStore, run } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { createDemoLog } from './demo.ts'
import { statusCounts } from './statusCounts.ts'

const help = `Counts the requests of an access log by status, as it grows and is rotated.

  npm run example -- follow

  --in PATH    the log; a directory/ or a pattern ('logs/*.log') is all its files. Default: a log
               that it writes and rotates itself for a second
  --out FILE   where the counts go. Default: standard output
  --once       does not wait for more at the end of the log
  --state DIR  keeps the counts, and how far it is, in this directory, and goes on from there at the next start
  --help       this text

Runs until Ctrl-C. With --state, what is written to the log meanwhile, and rotated away, is counted at the next start.`

const { values } = parseArgs({
  options: {
    in: { type: 'string' },
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
  const demo = values.in === undefined ? createDemoLog() : undefined
  const growing = fileSource({ path: values.in ?? demo!.path, framing: delimited('\n'), follow: !values.once })
  const lines = demo === undefined ? growing : growing.pipe(take(demo.lines))
  const app = await run({
    name: 'Status counts',
    pipelines: { counts: lines.pipe(statusCounts(), toSink(fileSink({ path: values.out }))) },
    ...(values.state !== undefined && { store: lmdbStore(values.state) }),
  })
  await demo?.write()
  await app.closed
  demo?.remove()
}
