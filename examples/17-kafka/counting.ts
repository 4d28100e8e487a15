import type { OperatorFunction } from 'rxjs'
import { pipe } from 'rxjs'
import { hashOf, statePartition } from 'wallarx'
import { toMulti, toStatePartition } from 'wallarx/operators'

/** A line → `word count` for each of its words. */
export function countWords(): OperatorFunction<string, string> {
  const totals = statePartition('totals', { key: hashOf((word: string) => word), build: () => ({ count: 0 }) })
  return pipe(
    toMulti((line: string) => line.split(' ')),
    toStatePartition((word: string, total: { count: number }) => [`${word} ${++total.count}`, true], totals),
  )
}
