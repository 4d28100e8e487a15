import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { statePartition } from 'wallarx'
import { toState } from 'wallarx/operators'
import { faults, play, testPipeline, withFaults, type Fault, type PipelineEvent } from 'wallarx/testing'

describe('faults', () => {
  test('all kinds come, and only those that are asked for', () => {
    const kinds = (some?: Fault['fault'][]): Set<string> =>
      new Set(fc.sample(faults(some), { numRuns: 500, seed: 1 }).map(({ fault }) => fault))
    expect(kinds()).toEqual(new Set(['checkpoint', 'crash', 'restart', 'slow sink', 'lost sink']))
    expect(kinds(['crash', 'checkpoint'])).toEqual(new Set(['checkpoint', 'crash']))
  })

  test('stand between the messages, which keep their order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat()).chain((all) => fc.tuple(fc.constant(all), withFaults(fc.constant(all), { maxFaults: 4 }))),
        ([all, events]) => {
          expect(events.flatMap((event) => ('message' in event ? [event.message] : []))).toEqual(all)
          expect(events.filter((event) => 'fault' in event).length).toBeLessThanOrEqual(4)
        },
      ),
    )
  })

  test('get fewer in a smaller input', async () => {
    const needsTwo = (events: readonly PipelineEvent<number>[]): boolean =>
      events.filter((event) => 'fault' in event && event.fault === 'crash').length < 2
    const { counterexample } = fc.check(fc.property(withFaults(fc.array(fc.nat())), needsTwo), { seed: 1 })
    expect(counterexample).toEqual([[{ fault: 'crash' }, { fault: 'crash' }]])
  })
})

describe('play', () => {
  const summing = () =>
    toState((n: number, state) => [(state.sum += n), true], statePartition('sum', { build: () => ({ sum: 0 }) }))
  const played = async (events: PipelineEvent<number>[], options?: Parameters<typeof testPipeline>[1]) => {
    await using driver = await testPipeline(summing(), options)
    const steps = await play(driver, events, { build: summing })
    return { steps, outputs: driver.outputs() }
  }

  test('tells what the sink took at each event, and at the end', async () => {
    const { steps, outputs } = await played([
      { message: 1 },
      { fault: 'checkpoint' },
      { message: 2 },
      { fault: 'crash' },
      { message: 3 },
      { fault: 'slow sink', events: 2 },
      { message: 4 },
    ])
    expect(steps).toEqual([[1], [], [3], [3], [6], [], [], [10]])
    expect(outputs).toEqual([1, 3, 3, 6, 10])
  })

  test('a slow sink takes again after so many events', async () => {
    const { steps } = await played([{ fault: 'slow sink', events: 1 }, { message: 1 }, { message: 2 }])
    expect(steps).toEqual([[], [], [1, 3], []])
  })

  test('a lost sink gets its last output once more, if it is at least once', async () => {
    const events: PipelineEvent<number>[] = [{ message: 1 }, { fault: 'lost sink', events: 1 }, { message: 2 }]
    expect((await played(events)).outputs).toEqual([1, 1, 3])
    expect((await played(events, { delivery: 'exactly once' })).outputs).toEqual([1, 3])
  })

  test('a checkpoint while the sink takes nothing comes when it takes again', async () => {
    const { steps } = await played([
      { fault: 'slow sink', events: 2 },
      { fault: 'checkpoint' },
      { message: 1 },
      { message: 2 },
      { fault: 'crash' },
    ])
    expect(steps.flat()).toContain(3)
    expect(steps.flat().filter((sum) => sum === 3).length).toBeGreaterThanOrEqual(1)
  })

  test('a restart in order repeats nothing', async () => {
    expect((await played([{ message: 1 }, { fault: 'restart' }, { message: 2 }])).outputs).toEqual([1, 3])
  })
})
