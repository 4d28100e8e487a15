import { describe, expect, onTestFinished, test } from 'vitest'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import type { KafkaClient } from '../../../src/kafka/client.ts'
import { KafkaError } from '../../../src/kafka/fault.ts'
import { kafkaCluster } from '../../../src/kafka/kafka.ts'
import { kafkaRecords } from '../../../src/kafka/source.ts'
import { runOnCluster } from '../../../src/run/clusterRun.ts'
import type { Running } from '../../../src/run/contract.ts'
import { createSimulatedClient } from '../../../src/testing/kafka/client/client.ts'
import { createSimulation } from '../../../src/testing/kafka/simulation.ts'
import { simulateThrough } from '../../../src/testing/cluster/simulateThrough.ts'

const unreachable = (): KafkaError => new KafkaError('unreachable', 'nobody answers', -195)

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

const key = (n: number): number => n % 3
const counting = () =>
  toStatePartition(
    (n: number, state: { count: number }) => [`${n}: ${++state.count}`, true],
    statePartition('counts', { key, build: () => ({ count: 0 }) }),
  )

/** One worker on a Kafka in memory, whose time passes by itself, and what stands between it and its client. */
async function runAlone(through: (client: KafkaClient, life: number) => KafkaClient): Promise<Running> {
  const simulation = createSimulation(1)
  let isOver = false
  onTestFinished(() => {
    isOver = true
  })
  void simulation.run(() => isOver)
  simulation.broker.topics.create({ name: 'in', partitions: 2, settings: {} })
  const process = simulation.process('alone')
  let lives = 0
  const cluster = kafkaCluster({ worker: 'alone', shards: 2, sessionTimeout: 1000 }, ['simulated'], () =>
    Promise.resolve(through(createSimulatedClient(process), ++lives)),
  )
  const numbers = kafkaRecords({ topic: 'in' })
  return runOnCluster({ name: 'alone', pipelines: { numbers }, handleSignals: false }, cluster, {
    log: silent,
    clock: process.clock,
  })
}

describe('a worker', () => {
  test('whose first life cannot begin says so, before anything is open', async () => {
    const running = runAlone((client) => ({ ...client, member: () => Promise.reject(unreachable()) }))
    await expect(running).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  })

  test('that cannot begin another life tries again until it can', async () => {
    let refused = 0
    let hasBegun = false
    const cluster = await simulateThrough(
      (client) => ({
        ...client,
        member: (options, timeout) => {
          if (!hasBegun || refused === 3) return client.member(options, timeout)
          refused++
          return Promise.reject(unreachable())
        },
      }),
      counting,
      { workers: 1, key },
    )
    hasBegun = true
    onTestFinished(() => cluster.close())
    cluster.send(1, 2)
    await cluster.settle()
    cluster.disturb({ disturbance: 'eviction', worker: 0 })
    cluster.send(1, 2)
    await cluster.settle()
    expect(refused).toBe(3)
    expect(cluster.outputs().sort()).toEqual(['1: 1', '1: 2', '2: 1', '2: 2'])
  })

  test('that is stopped while it begins another life stops in order', async () => {
    let joining = (): void => undefined
    const cluster = await simulateThrough(
      (client) => ({
        ...client,
        member(options, timeout) {
          joining()
          return client.member(options, timeout)
        },
      }),
      counting,
      { workers: 1, key },
    )
    onTestFinished(() => cluster.close())
    joining = () => {
      cluster.disturb({ disturbance: 'leave', worker: 0 })
    }
    cluster.disturb({ disturbance: 'eviction', worker: 0 })
    await cluster.advance(2000)
    expect(cluster.workers()).toEqual({})
    expect(cluster.log().join()).not.toContain('TypeError')
  })
})
