import type { Observable } from 'rxjs'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'

export interface Count {
  count: number
}

export const letterCounts = () =>
  statePartition('letters', { key: (word: string) => word.charCodeAt(0), build: (): Count => ({ count: 0 }) })
type LetterCounts = ReturnType<typeof letterCounts>

export const counting =
  (counts: LetterCounts) =>
  (words: Observable<string>): Observable<string> =>
    words.pipe(toStatePartition((word, state) => [`${word} ${++state.count}`, true], counts))
