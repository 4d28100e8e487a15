import { filter, groupBy, map, mergeMap, pipe, scan, type OperatorFunction } from 'rxjs'
import { statePartition, utf8 } from 'wallarx'
import { decode, encode, to, toStatePartition } from 'wallarx/operators'

/** The application: warns when a sensor has been over 80 degrees three times in a row. Text in, text out. */
export function overheating(): OperatorFunction<Buffer, Buffer> {
  const heat = statePartition('heat', { key: ({ sensor }: Reading) => sensor, build: () => ({ hot: 0 }) })
  return pipe(
    decode(utf8),
    to(read),
    toStatePartition(({ sensor, degrees }, state) => {
      state.hot = degrees > 80 ? state.hot + 1 : 0
      return [state.hot === 3 ? `sensor ${sensor} is hot\n` : undefined, true]
    }, heat),
    encode((line) => line),
  )
}

/**
 * The same with a mistake that is easily made: what a sensor measured last is kept by `scan`, where no checkpoint sees
 * it.
 */
export function brokenOverheating(): OperatorFunction<Buffer, Buffer> {
  return pipe(
    decode(utf8),
    to(read),
    groupBy(({ sensor }) => sensor),
    mergeMap((own) =>
      own.pipe(
        scan((hot, { degrees }) => (degrees > 80 ? hot + 1 : 0), 0),
        filter((hot) => hot === 3),
        map(() => `sensor ${own.key} is hot\n`),
      ),
    ),
    encode((line) => line),
  )
}

interface Reading {
  readonly sensor: number
  readonly degrees: number
}

/** `7 81.5`: what sensor 7 measured. Anything else is dropped. */
function read(line: string): Reading | undefined {
  const [, sensor, degrees] = /^(\d{1,9}) (-?\d+(?:\.\d+)?)$/.exec(line) ?? []
  return sensor === undefined ? undefined : { sensor: Number(sensor), degrees: Number(degrees) }
}
