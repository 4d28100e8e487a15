import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileSink, fileSource, lengthPrefixed, lmdbStore, run } from 'wallarx'
import { splitAndCount } from '../../../examples/01-word-count/wordCount.ts'
import { answer } from '../answer.ts'
import { createScratch } from '../scratch.ts'

// node fileWordCount.ts kept|unkept INPUT

const kept = process.argv[2] === 'kept'
const input = process.argv[3]!
const directory = createScratch()
const output = join(directory, 'counts')
const state = join(directory, 'store')

answer({
  /** Counts the words of the input, from nothing: milliseconds until the store is closed, and bytes written. */
  async run() {
    rmSync(state, { recursive: true, force: true })
    rmSync(output, { force: true })
    globalThis.gc?.()
    const texts = fileSource({ path: input, framing: lengthPrefixed(4) })
    const start = performance.now()
    const app = await run({
      name: 'Word Count Application',
      pipelines: { 'Split and Count': splitAndCount(texts, [fileSink({ path: output })]) },
      ...(kept && { store: lmdbStore(state), checkpointInterval: 1000 }),
      log: false,
    })
    await app.closed
    return { milliseconds: performance.now() - start, bytes: statSync(output).size }
  },
})
