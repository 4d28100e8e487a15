import { pipe, type OperatorFunction } from 'rxjs'
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

/** The same with a mistake: it says that the state has changed only when there is something to tell. */
export function brokenOverheating(): OperatorFunction<Buffer, Buffer> {
  const heat = statePartition('heat', { key: ({ sensor }: Reading) => sensor, build: () => ({ hot: 0 }) })
  return pipe(
    decode(utf8),
    to(read),
    toStatePartition(({ sensor, degrees }, state) => {
      state.hot = degrees > 80 ? state.hot + 1 : 0
      const isHot = state.hot === 3
      return [isHot ? `sensor ${sensor} is hot\n` : undefined, isHot]
    }, heat),
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
