import { lastValueFrom } from 'rxjs'
import { fromAsyncIterable, lengthPrefixed, statePartition, utf8, type StateResult } from 'wallarx'
import { decode, encode, eventTime, frame, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import type { Contender } from '../contenders/contender.ts'
import { gatheringSink } from '../contenders/gatheringSink.ts'
import { createReader, type Reading } from './readings.ts'

/** In ms: how much later each timer fires. */
const later = 1000

/** Sets a timer for each word, or none, and fires it. */
export const timers =
  (isSet: boolean): Contender =>
  async (chunks, take) => {
    const entities = statePartition('entities', { key: ({ key }: Reading) => key, build: () => ({ words: 0 }) })
    let name = 0
    const outputs = fromAsyncIterable(chunks).pipe(
      frame(lengthPrefixed(4)),
      decode(utf8),
      toMulti(createReader(1000)),
      eventTime(({ at }) => at),
      toStatePartition(
        {
          compute({ at }, state, timers): StateResult<string> {
            if (isSet) timers.set(name++, at + later)
            state.words++
            return [undefined, true]
          },
          onTimer: (): StateResult<string> => [undefined, true],
        },
        entities,
      ),
      encode((line) => line),
      toSink(gatheringSink(take)),
    )
    await lastValueFrom(outputs, { defaultValue: undefined })
  }
