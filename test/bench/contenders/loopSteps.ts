import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import type { Contender } from './contender.ts'
import { createFrameParser, type HandleFrame } from './frameParser.ts'
import { handWritten } from './handWritten.ts'
import { byLetter } from './workload.ts'

const { compute, createEntityOf } = byLetter

/** The hand-written loop cut short after each of its steps. */
export const loopUpTo = {
  frame: loop(() => (_bytes, start, end) => end - start),
  decode: loop(() => (bytes, start, end) => bytes.toString('utf8', start, end).length),
  toMulti: loop(() => (bytes, start, end) => split(bytes.toString('utf8', start, end)).length),
  toStatePartition: loop(() => {
    const entityOf = createEntityOf()
    return (bytes, start, end) => {
      const words = split(bytes.toString('utf8', start, end))
      let sum = 0
      for (let at = 0; at < words.length; at++) {
        const word = words[at]!
        sum += compute(word, entityOf(word))[0]!.count
      }
      return sum
    }
  }),
  encode: loop(() => {
    const entityOf = createEntityOf()
    return (bytes, start, end) => {
      const words = split(bytes.toString('utf8', start, end))
      let sum = 0
      for (let at = 0; at < words.length; at++) {
        const word = words[at]!
        sum += wordCountLine(compute(word, entityOf(word))[0]!).length
      }
      return sum
    }
  }),
  toSink: handWritten(byLetter),
} satisfies Record<string, Contender>

/** A sum over all frames keeps the compiler from leaving the work out. */
function loop(createMeasure: () => (...frame: Parameters<HandleFrame>) => number): Contender {
  return async (chunks) => {
    const measure = createMeasure()
    let sum = 0
    const parse = createFrameParser((bytes, start, end) => {
      sum += measure(bytes, start, end)
    })
    for (const chunk of chunks) parse(chunk)
    if (sum === 0) throw new Error('no frames')
  }
}
