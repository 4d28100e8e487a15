import { from, lastValueFrom } from 'rxjs'
import { observerSink, statePartition } from 'wallarx'
import { eventTime, toMulti, toSink, toStatePartition } from 'wallarx/operators'
import type { Reading } from './readings.ts'

const same = <Item>(items: readonly Item[]): readonly Item[] => items
/** In ms: how much later each timer fires. */
const later = 1000

/** Sets a timer for each reading, and fires it. */
export async function setAndFire(chunks: readonly Reading[][]): Promise<number> {
  const entities = statePartition('entities', { key: ({ key }: Reading) => key, build: () => ({ fired: 0 }) })
  let fired = 0
  const outputs = from(chunks).pipe(
    toMulti(same<Reading>),
    eventTime(({ at }) => at),
    toStatePartition(
      {
        compute({ at }, _state, timers) {
          timers.set(at, at + later)
          return [undefined, false]
        },
        onTimer: () => [++fired, true],
      },
      entities,
    ),
    toSink(observerSink({ next: () => undefined })),
  )
  await lastValueFrom(outputs, { defaultValue: undefined })
  return fired
}
