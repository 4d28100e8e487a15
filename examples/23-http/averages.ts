import type { Observable } from 'rxjs'
import { hashOf, statePartition } from 'wallarx'
import { decode, encode, toStatePartition } from 'wallarx/operators'

interface Reading {
  readonly sensor: string
  readonly celsius: number
}

/** `{"sensor":"kitchen","celsius":21.5}`; anything else is a dead letter. */
function reading(bytes: Buffer): Reading {
  const { sensor, celsius } = JSON.parse(bytes.toString()) as Partial<Reading>
  if (typeof sensor !== 'string' || typeof celsius !== 'number') throw new TypeError('no sensor, or no celsius')
  return { sensor, celsius }
}

const sensors = statePartition('sensors', {
  key: hashOf(({ sensor }: Reading) => sensor),
  build: () => ({ sum: 0, count: 0 }),
})

/** The average of each sensor so far, as JSON, one for each reading. */
export const averages = (frames: Observable<Buffer>): Observable<Buffer> =>
  frames.pipe(
    decode(reading),
    toStatePartition(({ sensor, celsius }, state) => {
      state.sum += celsius
      const average = state.sum / ++state.count
      return [{ sensor, average, of: state.count }, true]
    }, sensors),
    encode((average) => JSON.stringify(average)),
  )
