import { from, lastValueFrom } from 'rxjs'
import { lengthPrefixed, utf8 } from 'wallarx'
import { decode, encode, eventTime, frame, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import type { Contender } from '../contenders/contender.ts'
import { gatheringSink } from '../contenders/gatheringSink.ts'
import type { Workload } from '../contenders/workload.ts'

/** Word count whose lines have times that nobody looks at. */
export function withEventTime<State>({ createPartition, compute }: Workload<State>): Contender {
  return async (chunks, take) => {
    let now = 0
    const lines = from(chunks).pipe(
      frame(lengthPrefixed(4)),
      decode(utf8),
      eventTime(() => ++now),
      toMulti(split),
      toStatePartition(compute, createPartition()),
      encode(wordCountLine),
      toSink(gatheringSink(take)),
    )
    await lastValueFrom(lines, { defaultValue: undefined })
  }
}
