import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { register } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { KafkaClient, Place } from '../../../src/kafka/client.ts'
import { confluentClient } from '../../../src/kafka/confluent/confluent.ts'
import { startBroker } from '../../kafka/broker/broker.ts'
import { installClient } from '../../kafka/install.ts'
import { compiledWorker } from './compiled.ts'
import { streamsClassPath } from './streams.ts'
import { usageOf, type Usage } from './usage.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

export const partitions = 6
/** In ms: of a call to Kafka. */
export const timeout = 60_000

/** `atLeastOnce`: ours without transactions. */
export type Contender = 'ours' | 'atLeastOnce' | 'streams'

/** A word count that runs in a process of its own. */
export interface Running {
  readonly application: string
  readonly out: string
  usage(): Usage
  /** Ends it as a power cut does. */
  kill(): void
  /** Ends it in order. Rejects where it has ended by itself, with what it said. */
  stop(): Promise<void>
}

/** A broker, and what is run on it. */
export interface KafkaCourse {
  readonly brokers: string
  readonly client: KafkaClient
  /** Makes a topic with a partition for each shard; gives its name. */
  topic(of: string): Promise<string>
  /** Writes each line as a record, to the partitions in turn. */
  write(topic: string, lines: readonly string[]): Promise<void>
  /** Starts a word count from one topic to another; `cache`: bytes of Kafka Streams' record cache. */
  start(contender: Contender, lines: string, out: string, options?: StartOptions): Running
  /** Offsets that are committed in a topic: records, and the marks of transactions. */
  committed(topic: string): Promise<number>
  close(): Promise<void>
}

export interface StartOptions {
  readonly cache?: number
  /** Default: one of its own */
  readonly application?: string
  readonly worker?: string
  /** The directory of its cache. Default: none */
  readonly store?: string
}

export async function createKafkaCourse(tell: (line: string) => void): Promise<KafkaCourse> {
  installClient(tell)
  register('../../kafka/hooks.js', import.meta.url)
  const worker = compiledWorker()
  const streams = streamsClassPath(tell)
  const directory = mkdtempSync(join(tmpdir(), 'wallarx-bench-'))
  const broker = await startBroker({ dir: join(directory, 'broker'), tell })
  const { brokers } = broker
  const client = await confluentClient({ brokers: [brokers] })
  const running = new Set<ChildProcess>()

  type Command = (app: string, lines: string, out: string, options: StartOptions) => string[]
  const ours = (
    program: string,
    ...[app, lines, out, { worker: name = 'a', store }]: Parameters<Command>
  ): string[] => [
    process.execPath,
    ...['--import', './test/kafka/register.js', program],
    ...['--brokers', brokers, '--app', app, '--in', lines, '--out', out],
    ...['--shards', String(partitions), '--worker', name],
    ...(store === undefined ? [] : ['--store', store]),
  ]
  const commands: Record<Contender, Command> = {
    ours: (...options) => ours(worker.exactlyOnce, ...options),
    atLeastOnce: (...options) => ours(worker.atLeastOnce, ...options),
    streams: (app, lines, out, { cache = 0 }) => [
      ...['java', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', streams, 'WordCount'],
      ...[brokers, app, lines, out, String(cache), mkdtempSync(join(directory, 'state-'))],
    ],
  }

  return {
    brokers,
    client,
    async topic(of) {
      const name = `${of}-${randomUUID().slice(0, 8)}`
      await client.createTopics([{ name, partitions, settings: {} }], timeout)
      return name
    },
    async write(topic, lines) {
      const producer = await client.producer({ transactionalId: undefined, transactionTimeout: timeout }, timeout)
      for (const [at, line] of lines.entries()) {
        const record = { topic, partition: at % partitions, key: null, value: Buffer.from(line) }
        while (!producer.produce(record)) await producer.drained()
      }
      await producer.flush(timeout)
      await producer.close(timeout)
    },
    start(contender, lines, out, options = {}) {
      const application = options.application ?? `app-${randomUUID().slice(0, 8)}`
      const [file, ...args] = commands[contender](application, lines, out, options)
      const child = spawn(file!, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
      running.add(child)
      let said = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
      let isStopping = false
      const ended = new Promise<void>((resolve, reject) => {
        child.once('close', (code, signal) => {
          running.delete(child)
          if (isStopping) resolve()
          else reject(new Error(`${contender} ended with ${String(code ?? signal)}: ${said}`))
        })
      })
      ended.catch(() => undefined) // told by `stop`
      return {
        application,
        out,
        usage: () => usageOf(child.pid!),
        kill() {
          isStopping = true
          child.kill('SIGKILL')
        },
        async stop() {
          if (child.exitCode !== null) await ended
          isStopping = true
          child.kill('SIGTERM')
          await ended
        },
      }
    },
    async committed(topic) {
      const places: Place[] = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
      const ends = await client.ends(places, 'committed', timeout)
      return ends.reduce((sum, { low, end }) => sum + end - low, 0)
    },
    async close() {
      for (const child of running) child.kill('SIGKILL')
      await client.close(timeout)
      await broker.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Asks again and again until it is so. Rejects after ten minutes. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const begin = performance.now()
  while (!(await holds())) {
    if (performance.now() - begin > 600_000) throw new Error(`never came: ${what}`)
    await delay(25)
  }
}
