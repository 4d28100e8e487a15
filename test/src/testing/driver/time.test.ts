import { connect, merge, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { statePartition, tumbling, windowed } from 'wallarx'
import { eventTime, to, toStatePartition, toWindows } from 'wallarx/operators'
import { testPipeline } from 'wallarx/testing'

interface Reading {
  readonly sensor: number
  readonly at: number
}

const sensors = (expireAfter?: number) =>
  statePartition('sensors', {
    key: ({ sensor }: Reading) => sensor,
    build: () => ({ last: 0 }),
    ...(expireAfter !== undefined && { expireAfter }),
  })

/** Tells of a sensor that has been silent for 100 ms. */
const silence = (partition = sensors()) =>
  toStatePartition(
    {
      name: 'silence',
      compute({ at }: Reading, state, timers) {
        state.last = at
        timers.set('silent', timers.now + 100)
        timers.set(7, timers.now + 100)
        timers.set('soon', timers.now + 50)
        return [undefined, true]
      },
      onTimer: (name, at, { last }) => [`${name} at ${at}, last ${last}`, false],
    },
    partition,
  )

const timed = eventTime(({ at }: Reading) => at, { outOfOrder: 10 })

describe('timers of an entity', () => {
  test('are seen in the order they fire in', async () => {
    await using driver = await testPipeline((readings: Observable<Reading>) => readings.pipe(timed, silence()))
    driver.send({ sensor: 1, at: 1000 })
    expect(driver.state(1)).toEqual({
      state: { last: 1000 },
      timers: [
        { name: 'soon', at: 1040 },
        { name: 7, at: 1090 },
        { name: 'silent', at: 1090 },
      ],
    })
    driver.send({ sensor: 2, at: 1060 })
    expect(driver.read()).toEqual(['soon at 1040, last 1000'])
    expect(driver.state(1)?.timers).toHaveLength(2)
    expect(driver.state(3)).toBe(undefined)
  })

  test('are back after a crash, as of the checkpoint', async () => {
    const partition = sensors()
    await using driver = await testPipeline(silence(partition))
    driver.send({ sensor: 1, at: 0 })
    const before = driver.state(1, partition)
    await driver.checkpoint()
    await driver.crash()
    expect(() => driver.state(1, partition)).toThrow('crashed')
    await driver.restart()
    expect(driver.state(1, partition)).toEqual(before)
  })

  test('by arrival fire as virtual time passes', async () => {
    await using driver = await testPipeline(silence(), { startTime: 5000 })
    driver.send({ sensor: 1, at: 0 })
    driver.advance(49)
    expect(driver.read()).toEqual([])
    driver.advance(1)
    expect(driver.read()).toEqual(['soon at 5050, last 0'])
    driver.send({ sensor: 1, at: 1 })
    driver.advance(99)
    expect(driver.read()).toEqual(['soon at 5100, last 1'])
    driver.advance(1)
    expect(driver.read()).toEqual(['7 at 5150, last 1', 'silent at 5150, last 1'])
    expect(driver.state(1)).toEqual({ state: { last: 1 }, timers: [] })
  })

  test('that let it go are told apart', async () => {
    const partition = sensors(500)
    const last = toStatePartition(({ at }: Reading, state) => [(state.last = at), true], partition)
    await using driver = await testPipeline(last, { startTime: 1000 })
    driver.send({ sensor: 1, at: 3 })
    expect(driver.state(1)).toEqual({ state: { last: 3 }, timers: [], expiresAt: 1500 })
    driver.advance(500)
    expect(driver.state(1)).toBe(undefined)
  })

  test('of windows are at their ends', async () => {
    const perSecond = windowed('per second', {
      key: ({ sensor }: Reading) => sensor,
      window: tumbling({ size: 1000 }),
      build: () => ({ count: 0 }),
    })
    const count = {
      add(_: Reading, state: { count: number }) {
        state.count++
      },
      close: ({ count }: { count: number }) => count,
    }
    await using driver = await testPipeline((readings: Observable<Reading>) =>
      readings.pipe(timed, toWindows(count, perSecond)),
    )
    driver.send({ sensor: 1, at: 2500 })
    expect(driver.state(1, perSecond)?.timers).toEqual([{ name: 2000, at: 3000 }])
  })

  test('need a state partition to be named where there is not one', async () => {
    const other = statePartition('other', { key: ({ sensor }: Reading) => sensor, build: () => ({ last: 0 }) })
    await using driver = await testPipeline({ one: silence(), two: silence(other) })
    driver.pipelines.one.send({ sensor: 1, at: 0 })
    expect(() => driver.state(1)).toThrow('several: sensors, other')
    expect(driver.state(1, other)).toBe(undefined)
    await using without = await testPipeline(to((reading: Reading) => reading.at))
    expect(() => without.state(1)).toThrow('has none')
  })
})

describe('the watermark', () => {
  test('is behind the greatest time, and goes with the checkpoint', async () => {
    await using driver = await testPipeline((readings: Observable<Reading>) => readings.pipe(timed, silence()))
    expect(driver.watermark()).toBe(undefined)
    driver.send({ sensor: 1, at: 1000 }, { sensor: 1, at: 995 })
    expect(driver.watermark()).toBe(990)
    await driver.checkpoint()
    driver.send({ sensor: 1, at: 2000 })
    expect(driver.watermark()).toBe(1990)
    await driver.crash()
    expect(() => driver.watermark()).toThrow('crashed')
    await driver.restart()
    expect(driver.watermark(), 'replayed').toBe(1990)
    await driver.stop()
    expect(driver.watermark(), 'stopped').toBe(1990)
    await driver.restart()
    expect(driver.watermark(), 'from the checkpoint').toBe(1990)
    await driver.end()
    expect(driver.watermark()).toBe(Infinity)
  })

  test('is that of the last eventTime, and the least of branches', async () => {
    await using driver = await testPipeline({
      row: (readings: Observable<Reading>) =>
        readings.pipe(
          timed,
          eventTime(({ at }) => at - 500),
        ),
      branches: (readings: Observable<Reading>) =>
        readings.pipe(
          connect((each) => merge(each.pipe(timed), each.pipe(eventTime(({ at }) => at - 100, { name: 'slower' })))),
        ),
    })
    driver.pipelines.row.send({ sensor: 1, at: 1000 })
    expect(driver.pipelines.row.watermark()).toBe(500)
    expect(driver.pipelines.branches.watermark()).toBe(undefined)
    driver.pipelines.branches.send({ sensor: 1, at: 1000 })
    expect(driver.pipelines.branches.watermark()).toBe(900)
    await driver.end()
    expect(driver.pipelines.branches.watermark()).toBe(Infinity)
  })

  test('waits for what is inside an asynchronous step', async () => {
    const finishing: (() => void)[] = []
    const slow = to(
      ({ sensor }: Reading) =>
        new Promise<number>((resolve) => {
          finishing.push(() => {
            resolve(sensor)
          })
        }),
      { concurrency: 2 },
    )
    await using driver = await testPipeline((readings: Observable<Reading>) => readings.pipe(timed, slow))
    driver.send({ sensor: 1, at: 1000 }, { sensor: 2, at: 2000 })
    expect(driver.watermark()).toBe(990)
    for (const finish of finishing) finish()
    await driver.settle()
    expect(driver.watermark()).toBe(1990)
  })

  test('is not there without eventTime', async () => {
    await using driver = await testPipeline(silence())
    driver.send({ sensor: 1, at: 1000 })
    driver.advance(1000)
    expect(driver.watermark()).toBe(undefined)
    await driver.end()
    expect(driver.watermark()).toBe(undefined)
  })
})
