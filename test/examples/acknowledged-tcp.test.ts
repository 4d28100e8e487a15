/** The sender and the receiver in Python, with each other and with ours; whoever is there is killed now and then. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { delimited, fileSource, lmdbStore, tcpSink, tcpSource } from 'wallarx'
import { to, toSink } from 'wallarx/operators'
import { memoryFile, startKillable } from '../support/applications.ts'
import { temporaryFolder } from '../support/files.ts'
import { startProgramOf, type Program } from '../support/processes.ts'
import { freePort } from '../support/sockets.ts'
import { eventually } from '../support/watch.ts'

const count = 20_000
const text = Array.from({ length: count }, (_, number) => `line ${number}\n`).join('')
const backoff = { initial: 2, max: 20 }

const hasPython = ((): boolean => {
  try {
    execFileSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'])
    return true
  } catch {
    return false
  }
})()

/** One side of a transfer: started anew it goes on. */
interface Side {
  /** What a receiver has written. */
  readonly written?: () => string
  start(): Promise<{ kill(): Promise<unknown>; readonly ended: Promise<unknown> }>
}

const python = (program: string, ...args: string[]): Side => ({
  start() {
    const child: Program = startProgramOf('python3', `examples/24-acknowledged-tcp/${program}`, ...args)
    return Promise.resolve({
      kill() {
        child.process.kill('SIGKILL')
        return child.ended
      },
      ended: child.ended.then((code) => {
        if (code !== 0 && code !== 'SIGKILL') throw new Error(child.stderr())
      }),
    })
  },
})

const line = (frame: Buffer): string => `${frame.toString()}\n`

const sides = {
  sender: {
    ours: (port: number, input: string, state: string): Side => ({
      start: () =>
        startKillable({
          store: lmdbStore(state),
          pipelines: {
            a: fileSource({ path: input, framing: delimited('\n') }).pipe(
              toSink(tcpSink({ connect: `127.0.0.1:${port}`, acknowledged: true, stream: 'lines', backoff })),
            ),
          },
        }),
    }),
    Python: (port: number, input: string, state: string): Side =>
      python('sender.py', `127.0.0.1:${port}`, 'lines', input, state),
  },
  receiver: {
    ours(port: number, _: string, state: string): Side {
      const file = memoryFile()
      return {
        written: () => file.text,
        start: () =>
          startKillable({
            store: lmdbStore(state),
            pipelines: {
              b: tcpSource({ listen: `127.0.0.1:${port}`, acknowledged: true }).pipe(to(line), toSink(file.sink)),
            },
          }),
      }
    },
    Python: (port: number, output: string, state: string): Side => ({
      ...python('receiver.py', `127.0.0.1:${port}`, output, state),
      written: () => (existsSync(output) ? readFileSync(output, 'utf8') : ''),
    }),
  },
}

beforeAll(() => {
  if (!hasPython) console.warn('no python3: the examples in Python are not tried')
})

test.runIf(hasPython).each([
  ['Python', 'Python'],
  ['Python', 'ours'],
  ['ours', 'Python'],
] as const)(
  'from %s to %s, both killed again and again, each line comes once',
  async (from, onto) => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    writeFileSync(input, text)
    const port = await freePort()
    const sender = sides.sender[from](port, input, join(folder, 'a'))
    const receiver = sides.receiver[onto](port, output, join(folder, 'b'))
    const length = (): number => receiver.written!().length
    const grown = async (): Promise<void> => {
      const before = length()
      await eventually(() => length() > before || before === text.length)
    }
    let a = await sender.start()
    let b = await receiver.start()
    for (let kills = 0; kills < 3; kills++) {
      await grown()
      await b.kill()
      b = await receiver.start()
      await grown()
      await a.kill()
      a = await sender.start()
    }
    await a.ended
    await b.kill()
    expect(length()).toBe(text.length)
    expect(receiver.written!() === text).toBe(true)
  },
  60_000,
)
