import { setTimeout as realDelay } from 'node:timers/promises'
import { debounceTime, delay, map, timeout, type Observable } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { describe, expect, test } from 'vitest'
import { to } from 'wallarx/operators'
import { testPipeline } from 'wallarx/testing'
import { counting, letterCounts } from './letters.ts'

describe('virtual time', () => {
  test('debounceTime waits for time that is advanced', async () => {
    await using driver = await testPipeline((words: Observable<string>) => words.pipe(debounceTime(1000)))
    driver.send('a')
    driver.advance(999)
    driver.send('b')
    driver.advance(999)
    expect(driver.read()).toEqual([])
    driver.advance(1)
    expect(driver.read()).toEqual(['b'])
    expect(driver.now).toBe(1999)
  })

  test('delay keeps each message for its time, and end lets as much pass as it takes', async () => {
    await using driver = await testPipeline((words: Observable<string>) => words.pipe(delay(60_000)))
    driver.send('a')
    driver.advance(30_000)
    driver.send('b')
    driver.advance(30_000)
    expect(driver.read()).toEqual(['a'])
    await driver.end()
    expect(driver.read()).toEqual(['b'])
    expect(driver.now).toBe(90_000)
  })

  test('timeout fails when too much time passes', async () => {
    await using driver = await testPipeline((words: Observable<string>) => words.pipe(timeout(10)))
    driver.advance(9)
    expect(() => driver.advance(1)).toThrow('Timeout')
  })

  test('an asynchronous step sleeps in virtual time, and settle waits for it', async () => {
    const sleeping = to(
      async (n: number) => {
        for (let at = 0; at < n; at++) await new Promise((resolve) => setTimeout(resolve, 1000))
        return `${n} at ${Date.now()}`
      },
      { concurrency: 8 },
    )
    await using driver = await testPipeline(sleeping, { startTime: 500 })
    driver.send(3, 1, 2)
    expect(driver.read()).toEqual([])
    await driver.settle()
    expect(driver.read()).toEqual(['3 at 3500', '1 at 1500', '2 at 2500'])
  })

  test('an asynchronous step that needs real time gets it', async () => {
    await using driver = await testPipeline(to(async (n: number) => (await realDelay(2), n * 2), { concurrency: 1 }))
    driver.send(1, 2)
    expect(driver.waiting).toBe(1) // held
    await driver.checkpoint()
    await driver.end()
    expect(driver.outputs()).toEqual([2, 4])
  })

  test('setInterval, clearTimeout and timers with arguments behave as they do', async () => {
    const ticks: string[] = []
    await using driver = await testPipeline(
      map((name: string) => {
        const interval = setInterval((tick: string) => ticks.push(tick), 10, name)
        const never = setTimeout(() => ticks.push('never'), 5)
        clearTimeout(never)
        setTimeout(() => {
          clearInterval(interval)
        }, 35).unref()
        return interval.hasRef()
      }),
    )
    driver.send('tick')
    driver.advance(100)
    expect(ticks).toEqual(['tick', 'tick', 'tick'])
    expect(driver.read()).toEqual([true])
  })

  test('a crash takes its timers with it', async () => {
    await using driver = await testPipeline((words: Observable<string>) => words.pipe(delay(10)))
    driver.send('a')
    await driver.crash()
    driver.advance(100)
    expect(driver.outputs()).toEqual([])
    await driver.restart()
    driver.advance(10)
    expect(driver.outputs()).toEqual(['a'])
  })

  test('whoever is not in the pipeline keeps real time, and gets the real functions back', async () => {
    const { setTimeout: real } = globalThis
    const { now } = Date
    const one = await testPipeline(counting(letterCounts()))
    const two = await testPipeline(counting(letterCounts()), { startTime: 7 })
    expect([one.now, two.now]).toEqual([0, 7])
    expect(Math.abs(Date.now() - now())).toBeLessThan(60_000)
    await new Promise((resolve) => setTimeout(resolve, 1))
    await one.close()
    expect(globalThis.setTimeout).not.toBe(real)
    await two.close()
    await two.close()
    expect(globalThis.setTimeout).toBe(real)
    expect(Date.now).toBe(now)
  })
})

describe('marbles', () => {
  const scheduler = (): TestScheduler =>
    new TestScheduler((actual, expected) => {
      expect(actual).toEqual(expected)
    })

  test('the running pipeline is an operator inside scheduler.run', async () => {
    await using driver = await testPipeline((words: Observable<string>) =>
      counting(letterCounts())(words).pipe(delay(2)),
    )
    scheduler().run(({ cold, expectObservable }) => {
      const outputs = cold('a-b-(a|)').pipe(driver.through)
      expectObservable(outputs).toBe('--x-y-(z|)', { x: 'a 1', y: 'b 1', z: 'a 2' })
    })
  })

  test('so is the pipeline without a run', () => {
    scheduler().run(({ cold, expectObservable }) => {
      const outputs = cold('a-a-|').pipe(counting(letterCounts()), debounceTime(3))
      expectObservable(outputs).toBe('----(x|)', { x: 'a 2' })
    })
  })

  test('an error of the source and of a step comes out as one', async () => {
    await using driver = await testPipeline((words: Observable<string>) => words)
    scheduler().run(({ cold, expectObservable }) => {
      expectObservable(cold('a-#', undefined, new Error('cable')).pipe(driver.through)).toBe(
        'a-#',
        undefined,
        new Error('cable'),
      )
    })
  })

  test('marbles before and after a crash go through one state', async () => {
    await using driver = await testPipeline(counting(letterCounts()))
    scheduler().run(({ cold, expectObservable }) => {
      expectObservable(cold('a-a').pipe(driver.through)).toBe('x-y', { x: 'a 1', y: 'a 2' })
    })
    await driver.checkpoint()
    await driver.restart()
    scheduler().run(({ cold, expectObservable }) => {
      expectObservable(cold('a-|').pipe(driver.through)).toBe('x-|', { x: 'a 3' })
    })
  })
})
