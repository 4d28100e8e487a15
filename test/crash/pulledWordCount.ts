import { parseArgs } from 'node:util'
import { from } from 'ix/asynciterable'
import { map } from 'ix/asynciterable/operators'
import { delimited, fileSink, fileSource, lmdbStore, run, toAsyncIterable, utf8 } from 'wallarx'
import { decode, encode, toMulti, toSink, toStatePartition } from 'wallarx/operators/ix'
import { countWord, split, wordCountLine, wordTotals } from '../../examples/01-word-count/wordCount.ts'

// The word count from file to file with Ix operators, and with options as examples/01-word-count/main.ts has them.

const { values } = parseArgs({
  options: {
    in: { type: 'string' },
    out: { type: 'string' },
    state: { type: 'string' },
    'checkpoint-interval': { type: 'string' },
  },
})
const path = (place: string | undefined): string => place!.replace(/^file:/, '')
const lines = fileSource({ path: path(values.in), framing: delimited('\n', { unterminated: 'frame' }) })
const app = await run({
  name: 'Word Count Application',
  pipelines: {
    'Split and Count': from(toAsyncIterable(lines)).pipe(
      decode(utf8),
      toMulti(split),
      map((word) => word), // what is between two rows must not get lost either
      toStatePartition(countWord, wordTotals),
      encode(wordCountLine),
      toSink(fileSink({ path: path(values.out) })),
    ),
  },
  ...(values.state !== undefined && { store: lmdbStore(values.state), guarantee: 'exactly-once' as const }),
  ...(values['checkpoint-interval'] && { checkpointInterval: Number(values['checkpoint-interval']) }),
})
await app.closed
