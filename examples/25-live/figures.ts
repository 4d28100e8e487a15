import { pipe, type OperatorFunction } from 'rxjs'
import { hashOf, statePartition, utf8 } from 'wallarx'
import { decode, toStatePartition } from 'wallarx/operators'

interface Reading {
  readonly sensor: string
  readonly celsius: number
}

/** `kitchen 21.5`; anything else is a dead letter. */
function readReading(bytes: Buffer): Reading {
  const [, sensor, celsius] = /^(\S+) (-?\d+(?:\.\d+)?)$/.exec(utf8.decode(bytes)) ?? []
  if (sensor === undefined) throw new Error('a reading is a sensor and degrees, as in "kitchen 21.5"')
  return { sensor, celsius: Number(celsius) }
}

const sensors = statePartition('sensors', {
  key: hashOf(({ sensor }: Reading) => sensor),
  build: () => ({ low: Infinity, high: -Infinity }),
})

/** Readings in; each with the lowest and the highest of its sensor so far out, as JSON. */
export const figures = (): OperatorFunction<Buffer, string> =>
  pipe(
    decode(readReading),
    toStatePartition(({ sensor, celsius }: Reading, state) => {
      state.low = Math.min(state.low, celsius)
      state.high = Math.max(state.high, celsius)
      return [JSON.stringify({ sensor, celsius, ...state }), true]
    }, sensors),
  )
