/** What a law of time says is a test that shows the breach, and none where there is none. */
import fc from 'fast-check'
import { map, pipe } from 'rxjs'
import { expect, test } from 'vitest'
import { statePartition, tumbling, windowed, type Aggregate, type StateComputation } from 'wallarx'
import { eventTime, toWindows } from 'wallarx/operators'
import {
  disorderDoesNotMatter,
  expiredEntitiesAreForgotten,
  joinIsExact,
  timed,
  timersAreExact,
  windowsAreExact,
  type Timed,
} from 'wallarx/testing'
import { pastedTestIn, runPasted } from '../pasted.ts'

type Sum = Aggregate<number, number, number>
interface State {
  sum: number
}
const messages = timed(fc.array(fc.nat(9), { maxLength: 12 }), { disorder: 5 })
const key = (n: number): number => n % 2
const windows = windowed('windows', { key, window: tumbling({ size: 20 }), build: () => 0 })
const sum: Sum = { add: (n, sum) => sum + n, close: (sum) => sum }
const last: Sum = { ...sum, add: (n) => n }
let closed = 0
const numbering: Sum = { ...sum, close: () => closed++ }

const building = (aggregate: Sum) => () =>
  pipe(
    eventTime(({ at }: Timed<number>) => at, { outOfOrder: 5 }),
    map(({ message }) => message),
    toWindows(aggregate, windows),
  )
const summing = (changed: boolean): StateComputation<number, State, number> => ({
  compute(n, state, timers) {
    state.sum += n + 1
    timers.set('quiet', timers.now + 10)
    return [undefined, changed]
  },
  onTimer: (_name, _at, { sum }) => [sum, false],
})
const partition = (build: () => State, expireAfter?: number) => statePartition('sums', { key, build, expireAfter })
const fresh = (): State => ({ sum: 0 })
const shared = fresh()
const side = { key, at: (n: number) => n }
let pairs = 0
const join = { name: 'pairs', left: side, right: side, after: 5, outOfOrder: 9, combine: (one: number) => one }
const sides = { lefts: fc.array(fc.nat(9)), rights: fc.array(fc.nat(9)) }

type Beside = Record<string, unknown>

test.each<[string, () => Promise<void>, wrong: Beside, right: Beside]>([
  [
    'disorderDoesNotMatter',
    () => disorderDoesNotMatter(building(last), { messages }),
    { build: building(last) },
    { build: building(sum) },
  ],
  [
    'windowsAreExact',
    () => windowsAreExact(numbering, windows, { messages, outOfOrder: 5 }),
    { aggregate: numbering, partition: windows },
    { aggregate: sum, partition: windows },
  ],
  [
    'timersAreExact',
    () => timersAreExact(summing(false), partition(fresh), { messages }),
    { computation: summing(false), partition: partition(fresh) },
    { computation: summing(true), partition: partition(fresh) },
  ],
  [
    'expiredEntitiesAreForgotten',
    () =>
      expiredEntitiesAreForgotten(
        summing(true),
        partition(() => shared, 30),
        { messages },
      ),
    { computation: summing(true), partition: partition(() => shared, 30) },
    { computation: summing(true), partition: partition(fresh, 30) },
  ],
  [
    'joinIsExact',
    () => joinIsExact({ ...join, combine: () => pairs++ }, sides),
    { join: { ...join, combine: () => pairs++ } },
    {},
  ],
])('%s', async (law, check, wrong, right) => {
  const broken = await check().then(
    () => undefined,
    (error: unknown) => error as Error,
  )
  expect(broken).toMatchObject({ code: 'LAW_BROKEN', where: { law } })
  const text = pastedTestIn(broken!.message)
  await expect(runPasted(text, wrong)).rejects.toThrow()
  if (Object.keys(right).length > 0) await runPasted(text, right)
})
