import { WallarxError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { DeadLetter } from '../../context/deadLetter.ts'
import type { KafkaClient } from '../../kafka/client.ts'
import { kafkaCluster, transactionalIdOf, type KafkaOptions } from '../../kafka/kafka.ts'
import { runOnCluster } from '../../run/clusterRun.ts'
import type { Running, RunOptions, RunStatus } from '../../run/contract.ts'
import type { Store } from '../../store/store.ts'
import { createVirtualClock } from '../driver/virtualClock.ts'
import { createSimulatedClient } from '../kafka/client/client.ts'
import type { Fate } from '../kafka/process/call.ts'
import type { Process } from '../kafka/process/process.ts'
import type { Simulation } from '../kafka/simulation.ts'

/** A worker: a process in which the program runs. */
export interface SimulatedWorker {
  readonly name: string
  readonly process: Process
  readonly transactionalId: string
  readonly isOpen: boolean
  /** It has ended, in order or not. */
  readonly hasEnded: boolean
  /** What it ended with, if not in order. */
  readonly failure: { readonly error: unknown } | undefined
  status(): RunStatus | undefined
  leave(): void
  /** At so many calls from now, this becomes of the call. */
  at(call: number, fate: Fate): void
  /** Ends it, and gives its time back. */
  close(): void
}

export interface WorkerOptions {
  readonly simulation: Simulation
  readonly name: string
  readonly application: string
  readonly pipeline: () => RunOptions['pipelines'][string]
  readonly onError: RunOptions['onError'] | undefined
  readonly kafka: Omit<KafkaOptions, 'brokers' | 'worker'>
  /** Called when it could not begin, because Kafka did not answer: somebody starts it again. */
  readonly unstarted: () => void
  readonly deadLetter: (letter: DeadLetter) => void
  readonly log: (line: string) => void
  /** Stands between the worker and its client. */
  readonly through: (client: KafkaClient) => KafkaClient
  /** Its cache. Default: none */
  readonly cacheOf?: ((process: Process) => Store) | undefined
}

/** In ms of virtual time: how often a cache is brought up to date. */
const cacheInterval = 100
/** In ms of virtual time: longer than by default, so that more happens while a transaction is open. */
const checkpointInterval = 25

export function startWorker(options: WorkerOptions): SimulatedWorker {
  const {
    simulation,
    name,
    application,
    pipeline,
    onError = 'stop',
    kafka,
    unstarted,
    deadLetter,
    log,
    through,
    cacheOf,
  } = options
  const { timeline } = simulation
  const process = simulation.process(name)
  const clock = createVirtualClock(timeline.now, (due) => {
    process.after(due - timeline.now, () => undefined) // entering it fires what is due
  })
  process.enter = (work) => {
    clock.advance(timeline.now - clock.now)
    clock.within(work)
  }
  /** Where there is nothing to do without it: by the number of the call. */
  const fates = new Map<number, Fate>()
  let calls = 0
  process.fate = () => fates.get(calls++)

  let running: Running | undefined
  let hasEnded = false
  let failure: SimulatedWorker['failure']
  let shallLeave = false

  const line = (event: string): void => {
    if (!process.isDead) log(`${name}: ${event}`)
  }
  const ownLog: Log = { info: line, warn: line, error: line }
  const connect = (): Promise<KafkaClient> => Promise.resolve(through(createSimulatedClient(process)))
  const cluster = kafkaCluster({ ...kafka, worker: name }, ['simulated'], connect, cacheInterval)

  const live = async (): Promise<void> => {
    try {
      running = await runOnCluster(
        {
          name: application,
          pipelines: { pipeline: pipeline() },
          onError,
          checkpointInterval,
          handleSignals: false,
          ...(cacheOf !== undefined && { store: cacheOf(process) }),
          deadLetters: (letter) => {
            if (!process.isDead) deadLetter(letter)
          },
        },
        cluster,
        { log: ownLog, clock: process.clock },
      )
      running.closed.catch(() => undefined) // told below
      if (shallLeave) void running.close()
      await running.closed
    } catch (error) {
      hasEnded = true
      if (process.isDead) return
      if (running === undefined && error instanceof WallarxError && error.code === 'KAFKA_UNREACHABLE') unstarted()
      else failure = { error }
    } finally {
      hasEnded = true
    }
  }
  process.run(() => void live())

  return {
    name,
    process,
    transactionalId: transactionalIdOf(application, name),
    get isOpen() {
      return running !== undefined
    },
    get hasEnded() {
      return hasEnded || process.isDead
    },
    get failure() {
      return failure
    },
    status: () => running?.status(),
    leave() {
      shallLeave = true
      process.run(() => {
        running?.close().catch(() => undefined) // told above
      })
    },
    at(call, fate) {
      fates.set(calls + call, fate)
    },
    close() {
      process.kill()
      clock.close()
    },
  }
}
