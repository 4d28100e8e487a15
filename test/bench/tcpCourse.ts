import { startChild } from './child.ts'
import { createCorpus } from './corpus.ts'
import { outputLengths } from './outputLengths.ts'

/** A sender and a receiver, each a process, between which servers run one after the other. */
interface TcpCourse {
  /** Frames and words of the passes that are measured. */
  readonly frames: number
  readonly words: number
  /** Starts a server, sends the corpus once to warm it up and then the passes to measure; stops it. */
  run(server: ServerName | 'journaled' | 'synced'): Promise<TcpRun>
  stop(): Promise<void>
}

export type ServerName = 'ours' | 'net'

interface TcpRun {
  /** Wall-clock milliseconds of the passes to measure, from the last byte of output of the warm-up to their own. */
  readonly milliseconds: number
  /** Processor time of the server meanwhile, all threads. */
  readonly cpuMilliseconds: number
}

export async function createTcpCourse(frames: number, passes = 1): Promise<TcpCourse> {
  const corpus = createCorpus(frames)
  const words = passes * corpus.words
  const lines = corpus.words + words
  const [warm, end] = (await outputLengths(corpus, [1, 1 + passes])) as [number, number]
  const sender = startChild(new URL('./processes/sender.ts', import.meta.url), [String(frames)])
  const receiver = startChild(new URL('./processes/receiver.ts', import.meta.url))
  const receiverPort = await receiver.ask<number>('port')
  return {
    frames: passes * frames,
    words,
    async run(name) {
      const server = startChild(new URL('./processes/server.ts', import.meta.url), [name])
      try {
        await receiver.ask('reset')
        const port = await server.ask<number>('start', receiverPort)
        const sent = sender.ask('send', port, 1 + passes)
        const from = await receiver.ask<number>('reach', warm)
        const cpuFrom = await server.ask<number>('cpu')
        const to = await receiver.ask<number>('reach', end)
        const cpuTo = await server.ask<number>('cpu')
        await sent
        const received = await receiver.ask<{ bytes: number; lines: number }>('received')
        if (received.bytes !== end || received.lines !== lines) {
          throw new Error(`${name}: ${received.bytes} bytes in ${received.lines} lines came, not ${end} in ${lines}`)
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
