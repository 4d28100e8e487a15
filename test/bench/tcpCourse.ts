import { startChild } from './child.ts'
import { createCorpus } from './corpus.ts'
import { outputLengths } from './outputLengths.ts'

/** A sender and a receiver, each a process, between which servers run one after the other. */
interface TcpCourse {
  readonly frames: number
  readonly words: number
  /** Starts a server, sends the corpus once to warm it up and once more to measure; stops it. */
  run(server: ServerName): Promise<TcpRun>
  stop(): Promise<void>
}

export type ServerName = 'ours' | 'net'

interface TcpRun {
  /** Wall-clock milliseconds of the second pass, from the last byte of output of the first to its own. */
  readonly milliseconds: number
  /** Processor time of the server meanwhile, all threads. */
  readonly cpuMilliseconds: number
}

export async function createTcpCourse(frames: number): Promise<TcpCourse> {
  const corpus = createCorpus(frames)
  const { words } = corpus
  const [warm, end] = (await outputLengths(corpus, 2)) as [number, number]
  const sender = startChild(new URL('./processes/sender.ts', import.meta.url), [String(frames)])
  const receiver = startChild(new URL('./processes/receiver.ts', import.meta.url))
  const receiverPort = await receiver.ask<number>('port')
  return {
    frames,
    words,
    async run(name) {
      const server = startChild(new URL('./processes/server.ts', import.meta.url), [name])
      try {
        await receiver.ask('reset')
        const port = await server.ask<number>('start', receiverPort)
        const sent = sender.ask('send', port, 2)
        const from = await receiver.ask<number>('reach', warm)
        const cpuFrom = await server.ask<number>('cpu')
        const to = await receiver.ask<number>('reach', end)
        const cpuTo = await server.ask<number>('cpu')
        await sent
        const received = await receiver.ask<{ bytes: number; lines: number }>('received')
        if (received.bytes !== end || received.lines !== 2 * words) {
          throw new Error(
            `${name}: ${received.bytes} bytes in ${received.lines} lines came, not ${end} in ${2 * words}`,
          )
        }
        return { milliseconds: to - from, cpuMilliseconds: (cpuTo - cpuFrom) / 1000 }
      } finally {
        await server.stop()
      }
    },
    async stop() {
      await Promise.all([sender.stop(), receiver.stop()])
    },
  }
}
