/**
 * Node streams in and out: a gzipped file through `createGunzip` into a pipeline, and out of it into a file, both
 * ways there are: `toSink(nodeStreamSink(writable))`, which gathers small outputs, and `toNodeStream(pipeline)` for
 * `stream.pipeline`, where each output is a chunk.
 *
 * Back pressure: all the way. `fromNodeStream` reads only while nothing holds the pipeline; the sink and the stream
 * hold it while what is behind them is full. The last part shows it: a reader that takes three lines has the file read
 * by a few chunks only.
 * Durability: a stream cannot be read again from a position, so a crash loses up to a checkpoint
 * interval. A plain file wants `fileSource` and `fileSink`, which are exactly once.
 */
import assert from 'node:assert/strict'
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { createGunzip, createGzip, gunzipSync, gzipSync } from 'node:zlib'
import { lastValueFrom, type Observable } from 'rxjs'
import { delimited, fromNodeStream, nodeStreamSink, statePartition, toNodeStream, utf8 } from 'wallarx'
import { decode, encode, frame, toSink, toStatePartition } from 'wallarx/operators'

const folder = mkdtempSync(join(tmpdir(), 'node-stream-'))
const input = join(folder, 'visits.gz')
const lines = Array.from({ length: 300_000 }, (_, n) => `${(n * 7919) % 100_003}\n`)
writeFileSync(input, gzipSync(lines.join('')))

/** Counts the visits of each user: a line `USER COUNT` for each line. */
function countVisits(bytes: Readable): Observable<Buffer> {
  const visits = statePartition('visits', { key: (user: string) => Number(user), build: () => ({ count: 0 }) })
  return fromNodeStream(bytes).pipe(
    frame(delimited()),
    decode(utf8),
    toStatePartition((user, state) => [`${user} ${++state.count}\n`, true], visits),
    encode((line) => line),
  )
}
const unzipped = () => createReadStream(input).pipe(createGunzip())
const expected = lines.map((line, n) => `${line.trim()} ${Math.floor(n / 100_003) + 1}\n`).join('')

// As a sink: the subscription completes when the writable has taken everything.
const bySink = join(folder, 'by-sink.gz')
const gzip = createGzip()
const written = finished(gzip.pipe(createWriteStream(bySink)))
await lastValueFrom(countVisits(unzipped()).pipe(toSink(nodeStreamSink(gzip))), { defaultValue: undefined })
await written
assert.equal(gunzipSync(readFileSync(bySink)).toString(), expected)
console.log(`${lines.length} lines through nodeStreamSink`)

// As a stream: an error anywhere destroys all of it and rejects.
const byStream = join(folder, 'by-stream')
await pipeline(toNodeStream(countVisits(unzipped())), createWriteStream(byStream))
assert.equal(readFileSync(byStream, 'utf8'), expected)
console.log(`${lines.length} lines through toNodeStream`)

// Who takes little has little read for it, and leaving the loop destroys the source.
const source = unzipped()
const seen: string[] = []
for await (const line of toNodeStream(countVisits(source), { highWaterMark: 10 })) {
  if (seen.push(String(line)) === 3) break
}
console.log(
  `${seen.length} lines taken: ${source.bytesWritten} of ${readFileSync(input).length} gzipped bytes were read`,
)
assert.deepEqual(seen, ['0 1\n', '7919 1\n', '15838 1\n'])
assert(source.destroyed && source.bytesWritten < readFileSync(input).length / 2)
rmSync(folder, { recursive: true })
