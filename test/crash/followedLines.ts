import { parseArgs } from 'node:util'
import { delimited, fileSink, fileSource, lmdbStore, run, statePartition, utf8 } from 'wallarx'
import { decode, encode, toSink, toState } from 'wallarx/operators'

// Numbers the lines of a file, which may be followed: one that is lost or comes twice shows in all behind it.

const { values } = parseArgs({
  options: {
    in: { type: 'string', default: '' },
    out: { type: 'string', default: '' },
    state: { type: 'string' },
    'checkpoint-interval': { type: 'string', default: '1000' },
    follow: { type: 'boolean', default: false },
  },
})
const count = statePartition('count', { build: () => ({ lines: 0 }) })
const lines = fileSource({ path: values.in, framing: delimited('\n'), follow: values.follow, name: 'lines' })
const numbered = lines.pipe(
  decode(utf8),
  toState((line: string, state) => [`${++state.lines} ${line}\n`, true], count),
  encode((line) => line),
  toSink(fileSink({ path: values.out })),
)
const app = await run({
  name: 'Followed lines',
  pipelines: { numbered },
  checkpointInterval: Number(values['checkpoint-interval']),
  ...(values.state !== undefined && { store: lmdbStore(values.state), guarantee: 'exactly-once' }),
})
await app.closed
