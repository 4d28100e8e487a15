import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { journaled, lengthPrefixed, lmdbStore, run, statePartition, tcpSink, tcpSource } from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
import { windowSize } from './sequenceWindowValidator.ts'

// Whole numbers in, framed, 8 bytes each; a line `[a,b,c,d]` out for each: the last four of its parity. A number that
// is not above the last one is a repetition of the sender's and changes nothing.
const { values } = parseArgs({
  options: { in: { type: 'string' }, out: { type: 'string' }, state: { type: 'string' } },
})
const state = values.state!

const lastNumbers = statePartition('last numbers', {
  key: (number: number) => number % 2,
  build: () => new Array<number>(windowSize).fill(0),
})

const windows = journaled(tcpSource({ listen: values.in!, framing: lengthPrefixed(4) }), {
  directory: join(state, 'journal'),
  name: 'journal',
  segmentLength: 64 * 1024, // short ones, so that crashes fall on their beginnings and on the trimming too
}).pipe(
  decode((frame) => Number(frame.readBigUInt64BE())),
  toStatePartition((number, numbers) => {
    if (number <= numbers.at(-1)!) return [undefined, false]
    numbers.shift()
    numbers.push(number)
    return [`[${numbers.join(',')}]\n`, true]
  }, lastNumbers),
  encode((line: string) => line),
  toSink(tcpSink({ connect: values.out! })),
)

try {
  const app = await run({
    name: 'Sequence Window',
    pipelines: { windows },
    store: lmdbStore(state, { logSize: 20_000 }), // so that the log often goes to the data file
    checkpointInterval: 20,
  })
  await app.closed
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
