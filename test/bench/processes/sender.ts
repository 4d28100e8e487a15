import { connect } from 'node:net'
import { answer } from '../answer.ts'
import { createCorpus } from '../corpus.ts'

// node sender.ts FRAMES

const { chunks } = createCorpus(Number(process.argv[2]))

answer({
  /** Sends the corpus so many times, as fast as the receiver takes it. */
  send: (port: number, passes: number) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      let sent = 0
      const send = (): void => {
        while (sent < passes * chunks.length) {
          if (!socket.write(chunks[sent++ % chunks.length]!)) return
        }
        socket.end()
      }
      socket.on('drain', send)
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.resume()
    }),
})
