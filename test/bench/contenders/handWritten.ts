import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import { gatherLength, type Contender } from './contender.ts'
import { createFrameParser } from './frameParser.ts'
import type { Workload } from './workload.ts'

/** What a competent engineer writes without a library: loops, the same user functions, text gathered as a string. */
export function handWritten<State>({ createEntityOf, compute }: Workload<State>): Contender {
  return async (chunks, take) => {
    const entityOf = createEntityOf()
    let text = ''
    const parse = createFrameParser((bytes, start, end) => {
      const words = split(bytes.toString('utf8', start, end))
      for (let at = 0; at < words.length; at++) {
        const word = words[at]!
        const output = compute(word, entityOf(word))[0]
        if (output === undefined) continue
        text += wordCountLine(output)
        if (text.length >= gatherLength) {
          take(Buffer.from(text))
          text = ''
        }
      }
    })
    for (const chunk of chunks) parse(chunk)
    if (text !== '') take(Buffer.from(text))
  }
}
