import { from, lastValueFrom, type Observable } from 'rxjs'
import { lengthPrefixed, utf8 } from 'wallarx'
import { decode, encode, frame, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import type { Contender, Take } from './contender.ts'
import { gatheringSink } from './gatheringSink.ts'
import type { Workload } from './workload.ts'

/** The operators of this package in a `pipe()`. */
export function ours<State>(workload: Workload<State>): Contender {
  return async (chunks, take) => {
    await lastValueFrom(lines(from(chunks), workload, take), { defaultValue: undefined })
  }
}

export function lines<State>(
  chunks: Observable<Buffer>,
  { createPartition, compute }: Workload<State>,
  take: Take,
): Observable<never> {
  return chunks.pipe(
    frame(lengthPrefixed(4)),
    decode(utf8),
    toMulti(split),
    toStatePartition(compute, createPartition()),
    encode(wordCountLine),
    toSink(gatheringSink(take)),
  )
}
