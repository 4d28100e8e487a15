import { describe, expect, onTestFinished, test } from 'vitest'
import { statePartition } from 'wallarx'
import { encode, toSink, toStatePartition } from 'wallarx/operators'
import { systemClock } from '../../../src/base/clock.ts'
import type { KafkaClient } from '../../../src/kafka/client.ts'
import { KafkaError } from '../../../src/kafka/fault.ts'
import { kafkaCluster } from '../../../src/kafka/kafka.ts'
import { kafkaSink } from '../../../src/kafka/sink.ts'
import { kafkaRecords } from '../../../src/kafka/source.ts'
import { createMonitor, type Monitor } from '../../../src/monitor/monitor.ts'
import { runOnCluster } from '../../../src/run/clusterRun.ts'
import type { Running, RunOptions } from '../../../src/run/contract.ts'
import { within } from '../../../src/context/context.ts'
import { createSource } from '../../../src/source/source.ts'
import { createSimulatedClient } from '../../../src/testing/kafka/client/client.ts'
import type { Broker } from '../../../src/testing/kafka/broker/broker.ts'
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

interface Alone {
  readonly running: Promise<Running>
  readonly broker: Broker
}

/** One worker on a Kafka in memory, whose time passes by itself, and what stands between it and its client. */
function startAlone(
  messages: RunOptions['pipelines'][string],
  through: (client: KafkaClient, life: number) => KafkaClient,
  {
    monitor,
    signal,
    ...options
  }: { readonly commitTimeout?: number; readonly monitor?: Monitor; readonly signal?: AbortSignal } = {},
): Alone {
  const simulation = createSimulation(1)
  let isOver = false
  onTestFinished(() => {
    isOver = true
  })
  void simulation.run(() => isOver)
  for (const name of ['in', 'out']) simulation.broker.topics.create({ name, partitions: 1, settings: {} })
  const process = simulation.process('alone')
  let lives = 0
  const cluster = kafkaCluster({ worker: 'alone', shards: 2, sessionTimeout: 1000, ...options }, ['simulated'], () =>
    Promise.resolve(through(createSimulatedClient(process), ++lives)),
  )
  const run: RunOptions = { name: 'alone', pipelines: { messages }, handleSignals: false, ...(signal && { signal }) }
  const running = runOnCluster(run, cluster, { log: silent, clock: process.clock, ...(monitor && { monitor }) })
  return { running, broker: simulation.broker }
}

/** A client whose producer does something else in place of some commits. */
const committing = (client: KafkaClient, commit: (really: () => Promise<void>) => Promise<void>): KafkaClient => ({
  ...client,
  async producer(...asked) {
    const made = await client.producer(...asked)
    return { ...made, commit: (timeout) => commit(() => made.commit(timeout)) }
  },
})

/** The numbers from 0 to `end`, one each time that a checkpoint is durable; replayable. */
const numbersTo = (end: number) =>
  createSource<number>(
    { name: 'numbers', kind: 'test' },
    ({ output, context, restored = 0, opened, positionFrom, onCheckpoint }) => {
      let next = restored
      const handOver = (): void => {
        if (next === end) output.complete()
        else within(context, () => output.next(next++))
      }
      positionFrom(() => next)
      onCheckpoint(handOver)
      opened()
      handOver()
    },
  )

describe('a worker', () => {
  test('whose first life cannot begin says so, before anything is open', async () => {
    const running = startAlone(kafkaRecords({ topic: 'in' }), (client) => ({
      ...client,
      member: () => Promise.reject(unreachable()),
    })).running
    await expect(running).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  })

  test('that is stopped while its first life cannot begin ends in order', async () => {
    const stop = new AbortController()
    const refuse = (client: KafkaClient): KafkaClient => ({
      ...client,
      member() {
        stop.abort()
        return Promise.reject(unreachable())
      },
    })
    const running = await startAlone(kafkaRecords({ topic: 'in' }), refuse, { signal: stop.signal }).running
    await running.closed
    await running.checkpoint()
    expect(running.status()).toMatchObject({ name: 'alone', lifecycle: 'closed' })
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
    await cluster.advance(500) // it is a member by then
    joining = () => {
      cluster.disturb({ disturbance: 'leave', worker: 0 })
    }
    cluster.disturb({ disturbance: 'eviction', worker: 0 })
    await cluster.advance(2000)
    expect(cluster.workers()).toEqual({})
    expect(cluster.log().join()).not.toContain('TypeError')
  })

  test('that is between two lives is opening, and not ready', async () => {
    const monitor = createMonitor({ application: 'alone', clock: systemClock })
    let commits = 0
    const between: unknown[] = []
    const { running } = startAlone(
      numbersTo(10).pipe(encode(String), toSink(kafkaSink({ topic: 'out' }))),
      (client, life) => {
        const { lifecycle, notReady } = monitor.report()
        if (life > 1) between.push([lifecycle, notReady])
        return committing(client, (really) => (++commits === 5 ? Promise.reject(unreachable()) : really()))
      },
      { monitor },
    )
    const app = await running
    expect(app.lifecycle).toBe('running')
    expect(monitor.report().notReady).toBeUndefined()
    await app.closed
    expect(between).toEqual([['opening', 'it is opening']])
    expect(monitor.report()).toMatchObject({ lifecycle: 'closed', notReady: 'it is closed', cluster: { rejoined: 1 } })
  })

  test('that tries in vain to commit for too long stops, with why', async () => {
    let commits = 0
    const { running } = startAlone(
      numbersTo(1000).pipe(encode(String), toSink(kafkaSink({ topic: 'out' }))),
      (client) => committing(client, (really) => (++commits > 5 ? Promise.reject(unreachable()) : really())),
      { commitTimeout: 20_000 },
    )
    const app = await running
    await expect(app.closed).rejects.toMatchObject({
      code: 'CLUSTER_COMMIT_TIMEOUT',
      cause: { message: 'nobody answers' },
    })
    expect(app.status().worker).toMatchObject({
      name: 'alone',
      rejoinedBecause: expect.stringContaining('nobody answers'),
    })
    expect(app.status().worker!.rejoined).toBeGreaterThan(3)
  })

  test('that rejoins goes on with its own sources where the last commit was', async () => {
    let commits = 0
    const { running, broker } = startAlone(
      numbersTo(40).pipe(encode(String), toSink(kafkaSink({ topic: 'out' }))),
      (client) => committing(client, (really) => (++commits % 7 === 0 ? Promise.reject(unreachable()) : really())),
    )
    const app = await running
    await app.closed
    expect(app.status().worker!.rejoined).toBeGreaterThan(3)
    const { entries } = broker.topics.log({ topic: 'out', partition: 0 }).read(0, 1000, 'uncommitted')
    const committed = entries.filter(({ mark }) => mark?.outcome === 'committed')
    expect(committed.map(({ value }) => Number(Buffer.from(value!).toString()))).toEqual(
      Array.from({ length: 40 }, (_, n) => n),
    )
  })
})
