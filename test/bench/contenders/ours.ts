import { from, lastValueFrom } from 'rxjs'
import { lengthPrefixed, utf8 } from 'wallarx'
import { decode, encode, frame, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import type { Contender } from './contender.ts'
import { gatheringSink } from './gatheringSink.ts'
import type { Workload } from './workload.ts'

/** The operators of this package in a `pipe()`. */
export function ours<State>({ createPartition, compute }: Workload<State>): Contender {
  return async (chunks, take) => {
    const lines = from(chunks).pipe(
      frame(lengthPrefixed(4)),
      decode(utf8),
      toMulti(split),
      toStatePartition(compute, createPartition()),
      encode(wordCountLine),
      toSink(gatheringSink(take)),
    )
    await lastValueFrom(lines, { defaultValue: undefined })
  }
}
