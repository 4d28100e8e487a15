import { parseArgs } from 'node:util'
import { delimited, fileSink, fileSource, lmdbStore, run, tcpSink, tcpSource } from 'wallarx'
import { splitAndCount } from '../../examples/01-word-count/wordCount.ts'

// Word count of a file, onto a port: --in FILE --to PORT; and of what comes there, to a file: --from PORT --out FILE

const { values } = parseArgs({
  options: {
    in: { type: 'string' },
    to: { type: 'string' },
    from: { type: 'string' },
    out: { type: 'string' },
    state: { type: 'string' },
  },
})
const { in: input, to, from, out, state } = values

const source =
  from === undefined
    ? fileSource({ path: input!, framing: delimited('\n', { unterminated: 'frame' }) })
    : tcpSource({ listen: `127.0.0.1:${from}`, acknowledged: true })
const sink =
  to === undefined
    ? fileSink({ path: out! })
    : tcpSink({ connect: `127.0.0.1:${to}`, acknowledged: true, stream: 'counts', backoff: { initial: 20, max: 200 } })

const app = await run({
  name: to === undefined ? 'B' : 'A',
  pipelines: { 'Split and Count': splitAndCount(source, [sink]) },
  store: lmdbStore(state!),
  guarantee: 'exactly-once',
  checkpointInterval: 20,
})
await app.closed
