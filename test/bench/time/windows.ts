import { bufferTime, concatMap, filter, from, groupBy, lastValueFrom, map, mergeMap } from 'rxjs'
import { fromAsyncIterable, lengthPrefixed, sliding, tumbling, utf8, windowed, type AlignedWindow } from 'wallarx'
import { decode, encode, eventTime, frame, toMulti, toSink, toWindows } from 'wallarx/operators'
import { gatherLength, type Contender } from '../contenders/contender.ts'
import { createFrameParser } from '../contenders/frameParser.ts'
import { gatheringSink } from '../contenders/gatheringSink.ts'
import { createReader, lineOf, size, type Reading } from './readings.ts'

const timeOf = ({ at }: Reading): number => at

/** The operators of this package, with windows of this kind. */
const ours =
  (window: () => AlignedWindow) =>
  (keys: number): Contender =>
  async (chunks, take) => {
    const counts = windowed('counts', {
      key: ({ key }: Reading) => key,
      window: window(),
      build: () => ({ count: 0 }),
    })
    const outputs = fromAsyncIterable(chunks).pipe(
      frame(lengthPrefixed(4)),
      decode(utf8),
      toMulti(createReader(keys)),
      eventTime(timeOf),
      toWindows(
        {
          add(_reading, state) {
            state.count++
          },
          merge(into, { count }) {
            into.count += count
          },
          close: ({ count }, { key, start }) => lineOf(Number(key), start, count),
        },
        counts,
      ),
      encode((line) => line),
      toSink(gatheringSink(take)),
    )
    await lastValueFrom(outputs, { defaultValue: undefined })
  }

/** What a competent engineer writes without a library: a Map of windows, each a Map of keys. */
const loop =
  (keys: number): Contender =>
  (chunks, take) => {
    const windows = new Map<number, Map<number, { count: number }>>()
    const readings = createReader(keys)
    let text = ''
    let firstEnd = -Infinity
    const closeUntil = (time: number): void => {
      for (const start of [...windows.keys()].filter((one) => one + size <= time).sort((one, other) => one - other)) {
        const counts = [...windows.get(start)!].sort(([one], [other]) => one - other)
        windows.delete(start)
        for (const [key, { count }] of counts) {
          text += lineOf(key, start, count)
          if (text.length < gatherLength) continue
          take(Buffer.from(text))
          text = ''
        }
      }
    }
    const parse = createFrameParser((bytes, from, to) => {
      for (const { key, at } of readings(bytes.toString('utf8', from, to))) {
        const start = Math.floor(at / size) * size
        if (at >= firstEnd) {
          closeUntil(at)
          firstEnd = start + size
        }
        let counts = windows.get(start)
        if (counts === undefined) windows.set(start, (counts = new Map()))
        const found = counts.get(key)
        if (found === undefined) counts.set(key, { count: 1 })
        else found.count++
      }
    })
    for (const chunk of chunks) parse(chunk)
    closeUntil(Infinity)
    if (text !== '') take(Buffer.from(text))
    return Promise.resolve()
  }

/** As the documentation of RxJS teaches it: by the clock of the machine, so that one run may be one window. */
const textbook =
  (keys: number): Contender =>
  async (chunks, take) => {
    let frames: Buffer[] = []
    const parse = createFrameParser((bytes, start, end) => frames.push(bytes.subarray(start, end)))
    const readings = createReader(keys)
    const outputs = from(chunks).pipe(
      concatMap((chunk) => {
        frames = []
        parse(chunk)
        return from(frames)
      }),
      map((bytes) => bytes.toString('utf8')),
      concatMap((line) => from(readings(line))),
      groupBy(({ key }) => key),
      mergeMap((group) =>
        group.pipe(
          bufferTime(size),
          filter((found) => found.length > 0),
          map((found) => lineOf(group.key, 0, found.length)),
        ),
      ),
      map((line) => Buffer.from(line)),
    )
    await lastValueFrom(outputs.pipe(map(take)), { defaultValue: undefined })
  }

/** Each for a number of keys. */
export const windowContenders: Readonly<Record<string, (keys: number) => Contender>> = {
  'tumbling: ours': ours(() => tumbling({ size })),
  'tumbling: loop': loop,
  'tumbling: textbook': textbook,
  'sliding: ours': ours(() => sliding({ size, every: size / 60 })),
}
