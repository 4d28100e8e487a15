import { StateMap, statePartition, utf8, type ByteSink, type StateResult } from 'wallarx'
import { decode, encode, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import type { Observable } from 'rxjs'

/** What is cut off both ends of a line and of a word: the space and ASCII punctuation. `don't` keeps its apostrophe. */
const isTrimmed = (code: number): boolean =>
  (code >= 0x20 && code <= 0x2f) ||
  (code >= 0x3a && code <= 0x40) ||
  (code >= 0x5b && code <= 0x60) ||
  (code >= 0x7b && code <= 0x7e)

function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isTrimmed(text.charCodeAt(start))) start++
  while (start < end && isTrimmed(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** The words of a message of one or more lines, in lower case. What is nothing but punctuation is no word. */
export function split(text: string): string[] {
  const words: string[] = []
  for (const line of text.toLowerCase().split('\n')) {
    for (const piece of trim(line).split(' ')) {
      const word = trim(piece)
      if (word !== '') words.push(word)
    }
  }
  return words
}

const a = 'a'.charCodeAt(0)
const z = 'z'.charCodeAt(0)
const other = '!'.charCodeAt(0)
const letters = Array.from({ length: 26 }, (_, index) => a + index)

/** The entity of a word: its first letter, or `!` for words that begin with something else. */
export function firstLetter(word: string): number {
  const code = word.charCodeAt(0)
  return code >= a && code <= z ? code : other
}

export interface WordCount {
  readonly word: string
  readonly count: number
}

/** The state of an entity: the words of one letter. A plain Map will do where there is no store. */
type WordCounts = Pick<Map<string, number>, 'get' | 'set'>

export function countWord(word: string, counts: WordCounts): StateResult<WordCount> {
  const count = (counts.get(word) ?? 0) + 1
  counts.set(word, count)
  return [{ word, count }, true]
}

export const wordCountLine = ({ word, count }: WordCount): string => `${word} => ${count}\n`

export const wordTotals = statePartition('word totals', {
  key: firstLetter,
  build: () => new StateMap<string, number>(), // a checkpoint writes the words that changed, not all of them
  keys: [...letters, other],
})

/** The pipeline: frames of text in, a line `WORD => COUNT` for each word out. */
export function splitAndCount(texts: Observable<Buffer>, sinks: readonly ByteSink[]): Observable<never> {
  return texts.pipe(
    decode(utf8),
    toMulti(split),
    toStatePartition(countWord, wordTotals),
    encode(wordCountLine),
    toSink(sinks),
  )
}
