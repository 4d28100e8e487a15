import type { Socket } from 'node:net'
import { createQueue } from '../../base/queue.ts'
import { createGate } from '../../context/backPressure.ts'
import type { Sink } from '../../sink/sink.ts'
import { messages } from '../format.ts'
import { Failure } from '../failure.ts'
import type { Line, Sent } from './line.ts'
import type { RateLimit } from './rateLimit.ts'
import type { SendMeasures } from './measures.ts'

interface ConnectionSinkOptions {
  /** Connected, and nobody else's. */
  readonly socket: Socket
  /** The receiver, as it stands in errors. */
  readonly receiver: string
  /** Default: as fast as the receiver takes them. */
  readonly rateLimit?: RateLimit | undefined
  /** Is kept up to date. */
  readonly sent: Sent
  readonly measures: SendMeasures
}

const batchLength = 64 * 1024
/** Milliseconds that what was begun may take after an interrupt, so that no message is cut in half. */
const gracePeriod = 1000

/**
 * Writes lines to one connection, each when it is due, and ends it. Unlike `tcpSink` it does not connect again: when
 * the connection is lost, it fails. Holds its source while anything waits, so at most the lines of one chunk wait here.
 */
export function connectionSink({ socket, receiver, rateLimit, sent, measures }: ConnectionSinkOptions): Sink<Line> {
  return {
    name: `connection to ${receiver}`,
    open({ holds, fail }) {
      const waiting = createQueue<Line>()
      const gate = createGate(holds, 'connection') // closed while anything waits
      let taken = 0 // lines that went from the queue into a batch
      let timer: NodeJS.Timeout | undefined // set while the next line is not due
      let scheduled = false
      let done: (() => void) | undefined // set when `close` waits
      let gone = false // the receiver has closed its side
      let ended = false // nothing is written any more

      const lose = (error?: Error): void => {
        if (ended) return
        ended = true
        clearTimeout(timer)
        fail(lost(receiver, sent, error))
      }

      const write = (batch: readonly Line[]): void => {
        const last = batch.at(-1)!
        const first = taken - batch.length
        socket.write(Buffer.concat(batch.map((line) => line.frame)), (error) => {
          if (error) return
          sent.messages += batch.length
          for (const line of batch) sent.bytes += line.length
          sent.inputBytes = last.inputEnd
          measures.written(first, batch.length)
        })
      }

      const finish = (resolve: () => void): void => {
        const finished = (): void => {
          if (ended || socket.errored) return
          ended = true
          socket.unref() // a receiver that leaves its side open keeps nobody waiting
          resolve()
        }
        if (gone) finished()
        else socket.end(finished)
      }

      const writeDue = (): void => {
        clearTimeout(timer)
        timer = undefined
        scheduled = false
        if (ended) return
        if (gone && waiting.size > 0) {
          lose()
          return
        }
        let batch: Line[] = []
        let size = 0
        while (waiting.size > 0 && !socket.writableNeedDrain) {
          const wait = rateLimit?.until(taken) ?? 0
          if (wait > 0) {
            timer = setTimeout(writeDue, wait)
            break
          }
          const line = waiting.shift()!
          measures.writing(line, taken)
          taken++
          batch.push(line)
          size += line.frame.length
          if (size < batchLength) continue
          write(batch)
          batch = []
          size = 0
        }
        if (batch.length > 0) write(batch)
        if (waiting.size > 0 || socket.writableNeedDrain) return
        if (done !== undefined) finish(done)
        else gate.open()
      }

      socket.on('drain', writeDue)
      socket.on('error', lose)
      socket.once('end', () => {
        gone = true
        // A receiver that has what it wanted may go; that is an error as soon as there is more to send.
        if (waiting.size > 0 || socket.writableLength > 0) lose()
      })
      socket.resume() // nothing is expected from the receiver, but its end must be seen

      return {
        write(line) {
          waiting.push(line)
          gate.close()
          if (scheduled || timer !== undefined) return
          scheduled = true
          process.nextTick(writeDue)
        },
        close() {
          return new Promise<void>((resolve) => {
            done = resolve
            writeDue()
          })
        },
        abort() {
          if (ended) return
          ended = true
          clearTimeout(timer)
          waiting.clear()
          gate.open()
          socket.end(() => socket.destroy())
          setTimeout(() => socket.destroy(), gracePeriod).unref()
        },
      }
    },
  }
}

function lost(receiver: string, { messages: written }: Sent, error: Error | undefined): Failure {
  const why = error === undefined ? 'closed by the receiver' : ((error as NodeJS.ErrnoException).code ?? error.message)
  return new Failure(
    `the connection to ${receiver} was lost (${why}) when ${messages(written)} had been written; ` +
      'the last of them may not have been read. See what the receiver says, then send again',
  )
}
