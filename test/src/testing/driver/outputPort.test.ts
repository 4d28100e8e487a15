import { delay, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { testPipeline } from 'wallarx/testing'
import { counting, letterCounts } from './letters.ts'

describe('the sink', () => {
  test('a slow one holds the source, and loses nothing', async () => {
    await using driver = await testPipeline(counting(letterCounts()))
    driver.sink.slow()
    driver.send('a', 'a')
    expect(driver.outputs()).toEqual([])
    expect(driver.waiting).toBe(2)
    expect(driver.status().pipelines.pipeline!.holds).toMatchObject([{ name: 'output' }])
    driver.sink.resume()
    expect(driver.outputs()).toEqual(['a 1', 'a 2'])
    expect(driver.status().pipelines.pipeline!.holds).toEqual([])
  })

  test('a lost one gets what it had last once more', async () => {
    await using driver = await testPipeline(counting(letterCounts()))
    driver.send('a', 'b')
    driver.sink.lose()
    driver.send('c')
    driver.sink.resume()
    expect(driver.outputs()).toEqual(['a 1', 'b 1', 'b 1', 'c 1'])
  })

  test('what a step gives while the sink is slow is in no checkpoint before the sink has taken it', async () => {
    await using driver = await testPipeline((words: Observable<string>) => words.pipe(delay(10)))
    driver.send('a')
    driver.sink.slow()
    driver.advance(10)
    const taken = driver.checkpoint()
    expect(driver.outputs()).toEqual([])
    driver.sink.resume()
    await taken
    expect(driver.outputs()).toEqual(['a'])
  })

  test('one that fails fails the pipeline', async () => {
    await using driver = await testPipeline(counting(letterCounts()))
    driver.send('a')
    driver.sink.fail(new Error('full'))
    await expect(driver.settle()).rejects.toThrow('full')
    await driver.restart()
    expect(driver.outputs()).toEqual(['a 1', 'a 1'])
  })
})
