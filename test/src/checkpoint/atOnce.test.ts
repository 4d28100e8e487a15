/** More changes in one checkpoint than a call takes arguments. */
import { expect, test } from 'vitest'
import { StateMap, statePartition } from 'wallarx'
import { eventTime, toStatePartition } from 'wallarx/operators'
import { testPipeline } from 'wallarx/testing'

const many = 150_000
const key = (n: number): number => n

test('many entities with a timer each', async () => {
  const driver = await testPipeline(
    toStatePartition(
      {
        compute(_: number, state: { fired: number }, timers) {
          if (state.fired === 0) timers.set('once', timers.now + 1000)
          return [undefined, true]
        },
        onTimer: (_name, _at, state) => [++state.fired, true],
      },
      statePartition('entities', { key, build: () => ({ fired: 0 }) }),
    ),
  )
  for (let n = 0; n < many; n++) driver.send(n)
  await driver.checkpoint()
  await driver.crash()
  await driver.restart()
  driver.advance(1000)
  await driver.checkpoint()
  expect(driver.outputs()).toHaveLength(many)
  await driver.close()
}, 120_000)

test('an entity with many timers and many entries, which is removed', async () => {
  const partition = statePartition('entities', {
    key: () => 0,
    build: () => ({ map: new StateMap<number, number>() }),
    expireAfter: 10,
  })
  const build = () => (source: Parameters<ReturnType<typeof timed>>[0]) => source.pipe(timed(), counting())
  const timed = () => eventTime((n: number) => n)
  const counting = () =>
    toStatePartition(
      {
        compute(n: number, { map }, timers) {
          for (let at = 0; map.size < many; at++) {
            map.set(at, n)
            timers.set(at, n + 1_000_000)
          }
          return [map.size, true]
        },
        onTimer: () => [undefined, false],
      },
      partition,
    )
  const driver = await testPipeline(build())
  driver.send(1)
  await driver.checkpoint()
  await driver.crash()
  await driver.restart(build())
  driver.send(100)
  await driver.checkpoint()
  expect(driver.outputs()).toEqual([many, many])
  await driver.close()
}, 120_000)
