import { bufferTime, concatMap, filter, from, groupBy, lastValueFrom, map, mergeMap, tap } from 'rxjs'
import { observerSink, sliding, tumbling, windowed, type AlignedWindow } from 'wallarx'
import { eventTime, toMulti, toSink, toWindows } from 'wallarx/operators'
import { size, type Reading, type WindowCount } from './readings.ts'

/** Counts readings by key and window. Finished when what it returns resolves. */
export type WindowContender = (chunks: readonly Reading[][], take: (count: WindowCount) => void) => Promise<void>

const same = <Item>(items: readonly Item[]): readonly Item[] => items

/** The operators of this package, with windows of this kind. */
const ours =
  (window: () => AlignedWindow): WindowContender =>
  async (chunks, take) => {
    const counts = windowed('counts', {
      key: ({ key }: Reading) => key,
      window: window(),
      build: () => ({ count: 0 }),
    })
    const outputs = from(chunks).pipe(
      toMulti(same<Reading>),
      eventTime(({ at }) => at),
      toWindows(
        {
          add(_reading, state) {
            state.count++
          },
          merge(into, { count }) {
            into.count += count
          },
          close: ({ count }, { key, start }) => ({ key: Number(key), start, count }),
        },
        counts,
      ),
      toSink(observerSink({ next: take })),
    )
    await lastValueFrom(outputs, { defaultValue: undefined })
  }

/** What a competent engineer writes without a library: a Map of windows, each a Map of keys. */
const loop: WindowContender = (chunks, take) => {
  const windows = new Map<number, Map<number, { count: number }>>()
  const closeUntil = (time: number): void => {
    for (const start of [...windows.keys()].filter((start) => start + size <= time).sort((one, other) => one - other)) {
      const counts = [...windows.get(start)!].sort(([one], [other]) => one - other)
      windows.delete(start)
      for (const [key, { count }] of counts) take({ key, start, count })
    }
  }
  let firstEnd = -Infinity
  for (const chunk of chunks) {
    for (const { key, at } of chunk) {
      if (at >= firstEnd) {
        closeUntil(at)
        firstEnd = Math.floor(at / size) * size + size
      }
      const start = Math.floor(at / size) * size
      let counts = windows.get(start)
      if (counts === undefined) windows.set(start, (counts = new Map()))
      const found = counts.get(key)
      if (found === undefined) counts.set(key, { count: 1 })
      else found.count++
    }
  }
  closeUntil(Infinity)
  return Promise.resolve()
}

/** As the documentation of RxJS teaches it: by the clock of the machine, so that one run may be one window. */
const textbook: WindowContender = async (chunks, take) => {
  const outputs = from(chunks).pipe(
    concatMap((chunk) => from(chunk)),
    groupBy(({ key }) => key),
    mergeMap((group) =>
      group.pipe(
        bufferTime(size),
        filter((readings) => readings.length > 0),
        map((readings) => ({ key: group.key, start: 0, count: readings.length })),
      ),
    ),
    tap(take),
  )
  await lastValueFrom(outputs, { defaultValue: undefined })
}

export const windowContenders = {
  'tumbling: ours': ours(() => tumbling({ size })),
  'tumbling: loop': loop,
  'tumbling: textbook': textbook,
  'sliding: ours': ours(() => sliding({ size, every: size / 60 })),
} satisfies Record<string, WindowContender>
