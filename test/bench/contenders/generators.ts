import { split, wordCountLine, type WordCount } from '../../../examples/01-word-count/wordCount.ts'
import { asyncChunks } from './asyncChunks.ts'
import { gatherLength, type Contender } from './contender.ts'
import { createFrameParser } from './frameParser.ts'
import { gatheringBuffers } from './gatheringBuffers.ts'
import type { Workload } from './workload.ts'

/**
 * What one writes by hand to pull: an `async function*` for each step, with the frame parser, the user functions and
 * the gathering of the other contenders.
 */
export function generators<State>(workload: Workload<State>): Contender {
  return async (chunks, take) => {
    let text = ''
    for await (const line of encoded(counted(words(texts(frames(asyncChunks(chunks)))), workload), wordCountLine)) {
      text += line
      if (text.length >= gatherLength) {
        take(Buffer.from(text))
        text = ''
      }
    }
    if (text !== '') take(Buffer.from(text))
  }
}

/** The same with bytes as what comes out. */
export function generatorsToBuffers<State>(workload: Workload<State>): Contender {
  return async (chunks, take) => {
    const toBytes = (output: WordCount): Buffer => Buffer.from(wordCountLine(output))
    await gatheringBuffers(encoded(counted(words(texts(frames(asyncChunks(chunks)))), workload), toBytes), take)
  }
}

async function* frames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let found: Buffer[] = []
  const parse = createFrameParser((bytes, start, end) => found.push(bytes.subarray(start, end)))
  for await (const chunk of chunks) {
    found = []
    parse(chunk)
    yield* found
  }
}

async function* texts(messages: AsyncIterable<Buffer>): AsyncGenerator<string> {
  for await (const frame of messages) yield frame.toString('utf8')
}

async function* words(messages: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const text of messages) yield* split(text)
}

async function* counted<State>(
  messages: AsyncIterable<string>,
  { createEntityOf, compute }: Workload<State>,
): AsyncGenerator<WordCount> {
  const entityOf = createEntityOf()
  for await (const word of messages) {
    const output = compute(word, entityOf(word))[0]
    if (output !== undefined) yield output
  }
}

async function* encoded<Out>(
  messages: AsyncIterable<WordCount>,
  encode: (output: WordCount) => Out,
): AsyncGenerator<Out> {
  for await (const output of messages) yield encode(output)
}
