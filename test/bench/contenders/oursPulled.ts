import { as, toArray } from 'ix/asynciterable'
import { lengthPrefixed, utf8 } from 'wallarx'
import { decode, encode, frame, toMulti, toSink, toStatePartition } from 'wallarx/operators/ix'
import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import { asyncChunks } from './asyncChunks.ts'
import type { Contender } from './contender.ts'
import { gatheringBuffers } from './gatheringBuffers.ts'
import { gatheringSink } from './gatheringSink.ts'
import type { Workload } from './workload.ts'

/** The Ix operators of this package in a `pipe()`. */
export function oursPulled<State>(workload: Workload<State>): Contender {
  return async (chunks, take) => {
    await toArray(lines(chunks, workload).pipe(toSink(gatheringSink(take))))
  }
}

/** The same with bytes that are pulled out of the chain one by one. */
export function oursPulledToBuffers<State>(workload: Workload<State>): Contender {
  return (chunks, take) => gatheringBuffers(lines(chunks, workload), take)
}

const lines = <State>(chunks: Iterable<Buffer>, { createPartition, compute }: Workload<State>) =>
  as(asyncChunks(chunks)).pipe(
    frame(lengthPrefixed(4)),
    decode(utf8),
    toMulti(split),
    toStatePartition(compute, createPartition()),
    encode(wordCountLine),
  )
