import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import { byLetter } from './workload.ts'

/** The user's functions alone, on text that is decoded already: what no program can do without. */
export function userFunctions(texts: readonly string[]): number {
  const entityOf = byLetter.createEntityOf()
  let sum = 0
  for (const text of texts) {
    for (const word of split(text)) sum += wordCountLine(byLetter.compute(word, entityOf(word))[0]!).length
  }
  return sum
}
