import { delay, pipe } from 'rxjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { statePartition } from 'wallarx'
import { toMulti, toStatePartition } from 'wallarx/operators'
import { playOnCluster, simulateCluster, type ClusterDriver, type ClusterEvent } from 'wallarx/testing'

const key = (n: number): number => n % 5
const counting = () =>
  toStatePartition(
    (n: number, state: { count: number }) => [`${key(n)}: ${++state.count}`, true],
    statePartition('counts', { key, build: () => ({ count: 0 }) }),
  )

async function opened<In, Out>(opening: Promise<ClusterDriver<In, Out>>): Promise<ClusterDriver<In, Out>> {
  const cluster = await opening
  onTestFinished(() => cluster.close())
  return cluster
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

describe('a simulated cluster', () => {
  test('divides the shards among its workers', async () => {
    const cluster = await opened(simulateCluster(counting, { workers: 3, shards: 6, key }))
    cluster.send(...numbers(10))
    await cluster.settle()
    await cluster.advance(3000)
    const workers = Object.values(cluster.workers())
    const shards = workers.map(({ worker }) => worker!.shards.counts!.owned)
    expect(shards.map(({ length }) => length)).toEqual([2, 2, 2])
    expect(shards.flat().sort()).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('gives the outputs of each key in order, whoever is killed', async () => {
    const cluster = await opened(simulateCluster(counting, { key }))
    for (const n of numbers(40)) {
      cluster.send(n)
      if (n === 20) cluster.disturb({ disturbance: 'kill', worker: 1, call: 0 })
      await cluster.advance(20)
    }
    await cluster.settle()
    expect(Object.keys(cluster.workers())).toEqual(['worker-1', 'worker-3'])
    const byKey = cluster.outputsBy((line) => Number(line[0]))
    for (const own of numbers(5)) {
      expect(byKey.get(own)).toEqual(numbers(8).map((n) => `${own}: ${n + 1}`))
    }
  })

  test('does the same for the same seed, and something else for another one', async () => {
    const events: ClusterEvent<number>[] = [
      ...numbers(12).map((message) => ({ message })),
      { disturbance: 'freeze', worker: 1, call: 3, milliseconds: 2000 },
      { disturbance: 'broker restart', milliseconds: 300 },
      ...numbers(12).map((message) => ({ message })),
    ]
    const run = async (seed: number): Promise<unknown> => {
      const cluster = await opened(simulateCluster(counting, { key, seed }))
      await playOnCluster(cluster, events)
      return [cluster.now, cluster.log(), cluster.outputs()]
    }
    const [one, again, other] = [await run(1), await run(1), await run(2)]
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
  })

  test('has virtual time for the pipeline too', async () => {
    const cluster = await opened(simulateCluster(() => pipe(delay<number>(5000), counting()), { key }))
    cluster.send(1)
    await cluster.advance(4000)
    expect(cluster.outputs()).toEqual([])
    await cluster.advance(2000)
    expect(cluster.outputs()).toEqual(['1: 1'])
  })

  test('may use one state partition value in all workers', async () => {
    const operator = counting()
    const cluster = await opened(simulateCluster(() => operator, { key }))
    cluster.send(1, 1)
    await cluster.settle()
    expect(cluster.outputs()).toEqual(['1: 1', '1: 2'])
    await cluster.close()
    const another = await opened(simulateCluster(() => operator, { key }))
    another.send(1)
    await another.settle()
    expect(another.outputs()).toEqual(['1: 1'])
  })

  test('rejects with what a worker failed with, and where nobody is left', async () => {
    const cluster = await opened(
      simulateCluster(
        () =>
          toMulti((n: number) => {
            if (n === 13) throw new Error('thirteen')
            return [n]
          }),
        { key, workers: 1 },
      ),
    )
    cluster.send(12)
    await cluster.settle()
    cluster.disturb({ disturbance: 'leave', worker: 0 })
    await cluster.advance(1000)
    expect(cluster.workers()).toEqual({})
    cluster.send(13)
    await expect(cluster.settle()).rejects.toThrow('no worker')
    cluster.disturb({ disturbance: 'join' })
    await expect(cluster.settle()).rejects.toMatchObject({ cause: { message: 'thirteen' } })
  })

  test('makes a dead letter of what user code throws, where it is told to', async () => {
    const throwing = () =>
      toMulti((n: number) => {
        if (n === 13) throw new Error('thirteen')
        return [n]
      })
    const cluster = await opened(simulateCluster(throwing, { key, onError: 'skip' }))
    cluster.send(12, 13, 14)
    await cluster.settle()
    expect(cluster.outputs().sort()).toEqual([12, 14])
    expect(cluster.deadLetters().map(({ input }) => input)).toEqual([13])
  })
})
