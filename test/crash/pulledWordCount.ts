import { from } from 'ix/asynciterable'
import { map } from 'ix/asynciterable/operators'
import { run, toAsyncIterable, utf8 } from 'wallarx'
import { decode, encode, toMulti, toSink, toStatePartition } from 'wallarx/operators/ix'
import { countWord, split, wordCountLine, wordTotals } from '../../examples/01-word-count/wordCount.ts'
import { onFiles } from './onFiles.ts'

// The word count from file to file with Ix operators.

const { lines, sink, options } = onFiles()
const app = await run({
  name: 'Word Count Application',
  pipelines: {
    'Split and Count': from(toAsyncIterable(lines)).pipe(
      decode(utf8),
      toMulti(split),
      map((word) => word), // what is between two rows must not get lost either
      toStatePartition(countWord, wordTotals),
      encode(wordCountLine),
      toSink(sink),
    ),
  },
  ...options,
})
await app.closed
