import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { execute } from '../cache.ts'
import { brokerJars, classPath } from './jars.ts'
import { answersMetadata } from './metadata.ts'

/** One Kafka node: broker and controller, on 127.0.0.1. */
export interface Broker {
  /** Its address, as a client wants it. */
  readonly brokers: string
  /** Resolves when the process has ended, by itself too: the exit code, or the signal that killed it. */
  readonly ended: () => Promise<number | string | null>
  /** As a power cut ends it: what it has not written is lost. */
  kill(): Promise<void>
  /** In order, within 10 s; after that it is killed. */
  stop(): Promise<void>
  /** Starts it again where it has ended, with its data and its ports; resolves when it serves. */
  restart(): Promise<void>
}

export interface BrokerOptions {
  /** Default: a free one */
  readonly port?: number | undefined
  /** Its data, its settings and its log; made where it is not there. */
  readonly dir: string
  /** Further settings, which have the last word; @PORT@, @CONTROLLER_PORT@ and @DIR@ are put in. Default: none */
  readonly settings?: string | undefined
  /** What its storage is formatted with besides. Default: nothing */
  readonly format?: readonly string[] | undefined
  /** Where it says what takes long. */
  readonly tell?: ((line: string) => void) | undefined
}

const heap = [
  '-Xms128m',
  '-Xmx768m',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]
const template = fileURLToPath(new URL('server.properties', import.meta.url))

/** Starts a node on a folder of its own, or again on that of an earlier one; resolves when it serves. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const jars = brokerJars(options.tell ?? (() => undefined))
  const dir = resolve(options.dir)
  const port = options.port ?? (await freePort())
  const settings = `${readFileSync(template, 'utf8')}\n${options.settings ?? ''}`
    .replaceAll('@PORT@', String(port))
    .replaceAll('@CONTROLLER_PORT@', String(await freePort()))
    .replaceAll('@DIR@', dir)
  const file = join(dir, 'server.properties')
  mkdirSync(join(dir, 'data'), { recursive: true })
  writeFileSync(file, settings)
  const java = [...heap, `-Dkafka.logs.dir=${dir}`, '-cp', classPath(jars)]
  if (!existsSync(join(dir, 'data', 'meta.properties'))) {
    const format = [
      'format',
      '--ignore-formatted',
      '--cluster-id',
      'wallarxTestCluster-0_A',
      '--config',
      file,
      ...(options.format ?? []),
    ]
    execute('java', [...java, 'kafka.tools.StorageTool', ...format], { cwd: dir })
  }

  // The one line at a level below warning that is let through: it says when to ask.
  const started = '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info'
  let running: Running
  const start = async (): Promise<void> => {
    running = startProcess([started, ...java, 'kafka.Kafka', file], dir)
    await running.served
    while (!(await answersMetadata(port))) if (running.hasEnded()) await running.served
  }
  await start()
  return {
    brokers: `127.0.0.1:${port}`,
    ended: () => running.ended,
    async kill() {
      running.process.kill('SIGKILL')
      await running.ended
    },
    async stop() {
      const { process: child, ended } = running
      child.kill('SIGTERM')
      const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(impatience)
    },
    restart: start,
  }
}

interface Running {
  readonly process: ChildProcess
  /** Resolves when it says that it has started; rejects, with the end of what it said, when it ends before. */
  readonly served: Promise<void>
  readonly ended: Promise<number | string | null>
  readonly hasEnded: () => boolean
}

function startProcess(args: readonly string[], dir: string): Running {
  const child = spawn('java', args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(join(dir, 'broker.log'), { flags: 'a' })
  const last: string[] = []
  let hasEnded = false
  const ended = new Promise<number | string | null>((resolveEnded) => {
    child.once('close', (code, signal) => {
      hasEnded = true
      log.end()
      resolveEnded(code ?? signal)
    })
  })
  const served = new Promise<void>((resolveServed, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        log.write(`${line}\n`)
        last.push(line)
        if (last.length > 30) last.shift()
        if (line.includes('Kafka Server started')) resolveServed()
      })
    }
    child.once('error', reject)
    void ended.then((how) => reject(new Error(`the broker ended with ${String(how)}:\n${last.join('\n')}`)))
  })
  served.catch(() => undefined) // it may end long after it has served, or before anybody asks
  // A broker is no reason for a program to go on, and does not outlive it.
  const killIt = (): void => void child.kill('SIGKILL')
  process.once('exit', killIt)
  void ended.then(() => process.off('exit', killIt))
  return { process: child, served, ended, hasEnded: () => hasEnded }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}
