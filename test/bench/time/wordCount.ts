import { lastValueFrom, type MonoTypeOperatorFunction } from 'rxjs'
import { fromAsyncIterable, lengthPrefixed, utf8 } from 'wallarx'
import { decode, encode, eventTime, frame, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import { split, wordCountLine } from '../../../examples/01-word-count/wordCount.ts'
import type { Contender } from '../contenders/contender.ts'
import { gatheringSink } from '../contenders/gatheringSink.ts'
import type { Workload } from '../contenders/workload.ts'

const counting =
  <State>(
    { createPartition, compute }: Workload<State>,
    timed: () => MonoTypeOperatorFunction<string> | undefined,
  ): Contender =>
  async (chunks, take) => {
    const texts = fromAsyncIterable(chunks).pipe(frame(lengthPrefixed(4)), decode(utf8))
    const reading = timed()
    const lines = (reading === undefined ? texts : texts.pipe(reading)).pipe(
      toMulti(split),
      toStatePartition(compute, createPartition()),
      encode(wordCountLine),
      toSink(gatheringSink(take)),
    )
    await lastValueFrom(lines, { defaultValue: undefined })
  }

/** Word count whose lines have times that nobody looks at. */
export const withEventTime = <State>(workload: Workload<State>): Contender =>
  counting(workload, () => {
    let now = 0
    return eventTime(() => ++now)
  })

/** The same from the same source, without. */
export const withoutEventTime = <State>(workload: Workload<State>): Contender => counting(workload, () => undefined)
