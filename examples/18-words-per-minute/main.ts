import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fileSink, fileSource, lines, lmdbStore, run } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { wordsPerMinute } from './wordsPerMinute.ts'

const help = `Counts words by the minute they were said in, in whatever order lines come; shows words that are too late.

  npm run example -- words-per-minute

  --in FILE    lines "TIME words …", TIME as in 2026-03-01T09:00:02Z. - is standard input. Default: a sample
  --out FILE   where the counts go. Default: standard output
  --state DIR  keeps open minutes in this directory, and goes on from them at the next start
  --help       this text

A line may be up to ten seconds older than one before it. Minutes close as later lines come, and all of them at the end
of the input; after Ctrl-C those that are open wait in DIR.`

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: fileURLToPath(new URL('../data/said.txt', import.meta.url)) },
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
    name: 'Words per minute',
    pipelines: { words: text.pipe(wordsPerMinute(), toSink(fileSink({ path: values.out }))) },
    ...(values.state !== undefined && { store: lmdbStore(values.state) }),
  })
  await app.closed
}
