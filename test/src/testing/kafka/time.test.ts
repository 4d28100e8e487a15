import { pipe } from 'rxjs'
import { expect, onTestFinished, test } from 'vitest'
import { statePartition, tumbling, windowed } from 'wallarx'
import { eventTime, toStatePartition, toWindows } from 'wallarx/operators'
import { simulateCluster } from 'wallarx/testing'

const key = (n: number): number => n

/** Says once, so long after a number has come, that it has. */
const echo = (after: number) => () =>
  toStatePartition(
    {
      compute(n: number, state: { n: number }, timers) {
        state.n = n
        timers.set('echo', timers.now + after)
        return [undefined, true]
      },
      onTimer: (_name, _at, { n }) => [`echo of ${n}`, true],
    },
    statePartition('echoes', { key, build: () => ({ n: 0 }) }),
  )

test.each([0, 1])(
  'a timer fires once, though its worker stood still while others took its shard (%i)',
  async (worker) => {
    const cluster = await simulateCluster(echo(1500), { workers: 2, sessionTimeout: 500, key })
    onTestFinished(() => cluster.close())
    await cluster.advance(1000) // the shards are divided
    cluster.send(0, 1, 2, 3, 4, 5, 6, 7)
    await cluster.advance(300)
    cluster.disturb({ disturbance: 'freeze', worker, call: 0, milliseconds: 3000 })
    await cluster.advance(6000)
    await cluster.settle()
    expect(cluster.outputs().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => `echo of ${n}`))
  },
)

test('what is set fires after a start of all workers, though no message comes', async () => {
  const cluster = await simulateCluster(echo(2000), { workers: 2, sessionTimeout: 500, key })
  onTestFinished(() => cluster.close())
  cluster.send(1, 2, 3, 4)
  await cluster.advance(1000)
  for (const worker of [0, 1]) cluster.disturb({ disturbance: 'kill', worker, call: 0 })
  await cluster.advance(500)
  cluster.disturb({ disturbance: 'join' })
  await cluster.advance(3000)
  await cluster.settle()
  expect(cluster.outputs().sort()).toEqual([1, 2, 3, 4].map((n) => `echo of ${n}`))
})

type Reading = readonly [sensor: number, at: number]

const perTen = (idleAfter?: number) => () =>
  pipe(
    eventTime(([, at]: Reading) => at, idleAfter === undefined ? {} : { idleAfter }),
    toWindows(
      {
        add([sensor]: Reading, state: { sensor: number; count: number }) {
          state.sensor = sensor
          state.count++
        },
        close: ({ sensor, count }, { start }) => `${sensor}: ${count} from ${start}`,
      },
      windowed('per ten', {
        key: ([sensor]: Reading) => sensor,
        window: tumbling({ size: 10 }),
        build: () => ({ sensor: 0, count: 0 }),
      }),
    ),
  )

test('a partition that nothing has come of holds the time, until it is idle', async () => {
  const ofSensor = ([sensor]: Reading): number => sensor
  const holding = await simulateCluster(perTen(), { workers: 2, key: ofSensor })
  onTestFinished(() => holding.close())
  holding.send([1, 5], [1, 100])
  await holding.advance(5000)
  expect(holding.outputs()).toEqual([])
  const { watermarks } = Object.values(holding.workers())[0]!.pipelines.pipeline!
  expect(watermarks).toContainEqual({
    name: 'pipeline/toWindows',
    heldBy: expect.stringMatching(/^eventTime\/input\/input\[[023]\]$/) as string,
  })

  const idle = await simulateCluster(perTen(1000), { workers: 2, key: ofSensor })
  onTestFinished(() => idle.close())
  idle.send([1, 5])
  for (const at of [100, 101, 102, 103, 104, 105]) {
    await idle.advance(400)
    idle.send([1, at])
  }
  await idle.settle()
  expect(idle.outputs()).toEqual(['1: 1 from 0'])
  idle.send([2, 105]) // it holds again, and is not late
  await idle.settle()
  idle.send([1, 130])
  await idle.settle()
  expect(idle.outputs()).toEqual(['1: 1 from 0'])
  idle.send([2, 130])
  await idle.settle()
  expect(idle.outputs().slice(1).sort()).toEqual(['1: 6 from 100', '2: 1 from 100'])
})
