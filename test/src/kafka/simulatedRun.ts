import { onTestFinished } from 'vitest'
import { memoryStore, type DeadLetter, type RunOptions, type Running, type Store } from 'wallarx'
import type { Connect } from '../../../src/kafka/connection.ts'
import { kafkaCluster, type KafkaOptions } from '../../../src/kafka/kafka.ts'
import type { Monitor } from '../../../src/monitor/monitor.ts'
import { startApplication, type Application } from '../../../src/run/application.ts'
import { runOnCluster } from '../../../src/run/clusterRun.ts'
import type { Broker } from '../../../src/testing/kafka/broker/broker.ts'
import { createSimulatedClient } from '../../../src/testing/kafka/client/client.ts'
import type { Process } from '../../../src/testing/kafka/process/process.ts'
import { createSimulation } from '../../../src/testing/kafka/simulation.ts'

/** What differs from one run to the next. */
export type Program = Pick<RunOptions, 'pipelines'> &
  Partial<Pick<RunOptions, 'onError' | 'deadLetters' | 'guarantee' | 'checkpointInterval'>>

/** A Kafka in memory, whose time passes by itself, and what runs on it in one process after the other. */
export interface SimulatedKafka {
  readonly broker: Broker
  /** Of the present process. */
  readonly connect: Connect
  readonly store: Store
  /** What was logged. */
  readonly log: string[]
  /** Dead letters of runs that have no consumer of their own. */
  readonly letters: DeadLetter[]
  /** Runs without a cluster, with or without `store`. Resolves when every source can take input. */
  runAlone(program: Program, withStore?: boolean): Promise<Application>
  /** The same as the only worker of a cluster. */
  runOnCluster(program: Program, options?: Omit<KafkaOptions, 'brokers'>, monitor?: Monitor): Promise<Running>
  /** The process dies. */
  crash(): Promise<void>
  /** Writes values to a partition, at a time in ms since 1970. */
  write(topic: string, partition: number, values: readonly string[], timestamp?: number): void
  /** The committed values of a topic, of all partitions in their order. */
  values(topic: string): (string | null)[]
  elapse(milliseconds: number): Promise<void>
  /** Resolves when this is so. */
  until(what: string, holds: () => boolean): Promise<void>
}

export function simulatedKafka(seed = 1): SimulatedKafka {
  const simulation = createSimulation(seed)
  const { broker, timeline } = simulation
  const store = memoryStore()
  const log: string[] = []
  const letters: DeadLetter[] = []
  let isOver = false
  let processes = 0
  let process: Process = simulation.process('process-0')
  let app: Application | undefined
  onTestFinished(async () => {
    process.kill()
    await app?.kill()
    isOver = true
  })
  void simulation.run(() => isOver)
  const line = (event: string): void => void log.push(event)
  const ownLog = { info: line, warn: line, error: line }

  const self: SimulatedKafka = {
    broker,
    store,
    log,
    letters,
    connect: () => Promise.resolve(createSimulatedClient(process)),
    async runAlone(program, withStore = true) {
      const options = { name: 'app', handleSignals: false, deadLetters: (one: DeadLetter) => letters.push(one) }
      const ground = { log: ownLog, clock: process.clock, store: withStore ? await store.open() : undefined }
      app = startApplication({ ...options, ...program, ...(withStore && { store }) }, ground)
      app.closed.catch(() => undefined) // told by `opened`, or looked at by the test
      await app.opened
      return app
    },
    async runOnCluster(program, options = {}, monitor) {
      const own = { worker: 'worker', shards: 2, sessionTimeout: 1000, ...options }
      const client = process
      const cluster = kafkaCluster(own, ['simulated:9092'], () => Promise.resolve(createSimulatedClient(client)))
      const running = await runOnCluster(
        { name: 'app', handleSignals: false, deadLetters: (one) => letters.push(one), ...program },
        cluster,
        { log: ownLog, clock: process.clock, ...(monitor && { monitor }) },
      )
      running.closed.catch(() => undefined)
      return running
    },
    async crash() {
      process.kill()
      await app?.kill()
      app = undefined
      process = simulation.process(`process-${++processes}`)
    },
    write(topic, partition, values, timestamp = broker.now()) {
      const written = broker.topics.log({ topic, partition })
      for (const value of values) {
        written.append({ key: null, value: Buffer.from(value), headers: [], timestamp, mark: undefined })
      }
    },
    values(topic) {
      const { partitions } = broker.topics.find(topic)!
      return Array.from({ length: partitions }, (_, partition) => broker.topics.log({ topic, partition })).flatMap(
        (one) => one.read(one.low, Infinity, 'committed').entries.map(({ value }) => value && String(value)),
      )
    },
    elapse: (milliseconds) =>
      new Promise((resolve) => {
        timeline.after(milliseconds, resolve)
      }),
    async until(what, holds) {
      for (let tries = 0; !holds(); tries++) {
        if (tries === 2000) throw new Error(`never came: ${what}\n${log.join('\n')}`)
        await self.elapse(20)
      }
    },
  }
  return self
}
