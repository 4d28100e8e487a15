import { hashOf, statePartition, type StateResult } from 'wallarx'
import type { Keyed } from 'wallarx/operators'
import { countWord, firstLetter, wordTotals, type WordCount } from '../../../examples/01-word-count/wordCount.ts'

/** Word count with entities of one kind: what all contenders share. */
export interface Workload<State> {
  readonly keyOf: (word: string) => string | number
  readonly build: () => State
  readonly compute: (word: string, state: State) => StateResult<WordCount>
  /** Finds the entity of a word in a hand-written program; a new set of entities each time it is made. */
  readonly createEntityOf: () => (word: string) => State
  /** A state partition of its own for each run. */
  readonly createPartition: () => Keyed<string, State>
}

/** 27 entities, one for each first letter, with a table of words each: the word-count example. */
export const byLetter: Workload<Map<string, number>> = {
  keyOf: firstLetter,
  build: () => new Map(),
  compute: countWord,
  createEntityOf() {
    const entities = Array.from({ length: 128 }, () => new Map<string, number>())
    return (word) => entities[firstLetter(word)]!
  },
  createPartition: () =>
    statePartition('word totals', {
      key: wordTotals.key,
      build: () => new Map<string, number>(),
      keys: wordTotals.keys!,
    }),
}

interface Count {
  count: number
}

/** One entity for each word. */
export const byWord: Workload<Count> = {
  keyOf: (word) => word,
  build: () => ({ count: 0 }),
  compute: (word, state) => [{ word, count: ++state.count }, true],
  createEntityOf() {
    const entities = new Map<string, Count>()
    return (word) => {
      let entity = entities.get(word)
      if (entity === undefined) entities.set(word, (entity = { count: 0 }))
      return entity
    }
  },
  createPartition: () =>
    statePartition('words', { key: hashOf((word: string) => word), build: (): Count => ({ count: 0 }) }),
}
