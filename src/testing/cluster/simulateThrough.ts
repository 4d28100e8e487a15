import type { OperatorFunction } from 'rxjs'
import { invalidOption, knownOptions, timerLength, wholeNumber, type OptionNames } from '../../base/option.ts'
import type { DeadLetter } from '../../context/deadLetter.ts'
import type { KafkaClient } from '../../kafka/client.ts'
import type { Store } from '../../store/store.ts'
import type { Broker } from '../kafka/broker/broker.ts'
import type { Process } from '../kafka/process/process.ts'
import { grouped } from '../law/grouped.ts'
import { createSimulation } from '../kafka/simulation.ts'
import { NoWorker, type ClusterDriver, type SimulateClusterOptions } from './clusterDriver.ts'
import { createDisturber } from './disturber.ts'
import { isExchangeBehind } from './exchanges.ts'
import { createTopicPorts } from './topicPorts.ts'
import { startWorker, type SimulatedWorker } from './worker.ts'

const known: OptionNames<SimulateClusterOptions<never>> = {
  workers: true,
  shards: true,
  seed: true,
  key: true,
  onError: true,
  groupProtocol: true,
  sessionTimeout: true,
}

const application = 'simulated'
/** In ms: how long a call to Kafka may take. */
const timeout = 3000
/** In ms of virtual time. */
const longestSettling = 60_000
/** In ms: what is on its way when all is processed. */
const restOfSettling = 50

/** Stands between a worker and its client. */
export type Through = (client: KafkaClient, broker: Broker) => KafkaClient

/** The cache of a worker that starts, if it has one. */
export type CacheOf = (process: Process) => Store

/** What `simulateCluster` does, with something that stands between the workers and their clients, and with caches. */
export async function simulateThrough<In, Out>(
  through: Through,
  build: () => OperatorFunction<In, Out>,
  options: SimulateClusterOptions<In>,
  cacheOf?: CacheOf,
): Promise<ClusterDriver<In, Out>> {
  const checked = knownOptions('simulateCluster', options, known)
  const { workers: count = 3, shards = 4, seed = 1, key, onError } = checked
  const { groupProtocol = 'classic', sessionTimeout = 1000 } = checked
  if (typeof build !== 'function') throw invalidOption('build', 'a function that makes the pipeline', build)
  wholeNumber('workers', count, 1)
  wholeNumber('seed', seed, 0)
  timerLength('sessionTimeout', sessionTimeout)

  const simulation = createSimulation(seed)
  const { timeline, broker } = simulation
  const ports = createTopicPorts<In, Out>(broker, key)
  const letters: DeadLetter[] = []
  const lines: string[] = []
  const workers: SimulatedWorker[] = []
  let started = 0

  const start = (name = `worker-${++started}`): void => {
    const kafka = { shards, sessionTimeout, groupProtocol, timeout, transactionTimeout: 10 * sessionTimeout }
    workers.push(
      startWorker({
        simulation,
        name,
        application,
        pipeline: () => ports.between(build()),
        onError,
        kafka,
        through: (client) => through(client, broker),
        cacheOf,
        unstarted: () => {
          start(name)
        },
        deadLetter: (letter) => letters.push(letter),
        log: (line) => lines.push(`${Math.round(timeline.now)} ${line}`),
      }),
    )
  }
  const present = (): SimulatedWorker[] => workers.filter(({ hasEnded }) => !hasEnded)
  const disturber = createDisturber({ simulation, present, start })

  const checkNotFailed = (): void => {
    for (const { failure } of workers) if (failure !== undefined) throw failure.error
  }
  /** Lets things happen until this is so. */
  const until = async (isOver: () => boolean): Promise<void> => {
    await simulation.run(() => isOver() || workers.some(({ failure }) => failure !== undefined))
    checkNotFailed()
  }
  /** What dead workers have left open counts for nothing, and ends by itself. */
  const expireDead = (): void => {
    const living = new Set(present().map(({ transactionalId }) => transactionalId))
    for (const id of broker.transactions.open()) if (!living.has(id)) broker.transactions.expire(id)
  }
  const isSettled = (): boolean => broker.isUp && isAtRest() && broker.transactions.open().length === 0
  const isAtRest = (): boolean =>
    !ports.isBehind && !isExchangeBehind(broker) && !workers.some(({ process }) => process.isFrozen && !process.isDead)

  const driver: ClusterDriver<In, Out> = {
    send(...messages) {
      ports.send(messages)
    },
    disturb(disturbance) {
      disturber.disturb(disturbance)
    },
    async advance(milliseconds) {
      if (!(milliseconds >= 0)) throw invalidOption('milliseconds', 'a number from 0', milliseconds)
      const end = timeline.now + milliseconds
      timeline.after(milliseconds, () => undefined)
      await until(() => timeline.now >= end)
    },
    async settle() {
      const end = timeline.now + longestSettling
      do {
        await until(() => isAtRest() || present().length === 0 || timeline.now > end)
        if (present().length === 0 && !isAtRest()) throw new NoWorker()
        if (timeline.now > end) throw new Error(`no end within ${longestSettling} ms of virtual time`)
        expireDead()
        await driver.advance(restOfSettling)
      } while (!isSettled())
    },
    outputs: () => ports.outputs(),
    outputsBy: (keyOf) => grouped(ports.outputs(), keyOf),
    workers: () =>
      Object.fromEntries(
        present().flatMap((worker) => {
          const status = worker.status()
          return status === undefined ? [] : [[worker.name, status] as const]
        }),
      ),
    deadLetters: () => [...letters],
    log: () => [...lines],
    get now() {
      return timeline.now
    },
    async close() {
      for (const worker of workers) worker.close()
      await simulation.rest()
    },
    [Symbol.asyncDispose]: () => driver.close(),
  }
  try {
    for (let at = 0; at < count; at++) start()
    await until(() => present().every(({ isOpen }) => isOpen))
  } catch (error) {
    await driver.close()
    throw error
  }
  return driver
}
