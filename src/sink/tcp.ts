import { invalidOption, knownOptions, type OptionNames } from '../base/option.ts'
import { systemClock } from '../base/clock.ts'
import { createDeferred, type Deferred } from '../base/deferred.ts'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { formatAddress, parseAddress, type Address } from '../base/address.ts'
import {
  acknowledgedOptions,
  acknowledgedSink,
  checkUnacknowledged,
  type AcknowledgedSinkOptions,
} from './acknowledged/sink.ts'
import { backlogOptions, checkBacklog, createBacklog, type BacklogOptions } from './backlog.ts'
import { createBackoff, type BackoffOptions } from '../network/backoff.ts'
import { createByteBatch } from './byteBatch.ts'
import { shown } from '../base/shown.ts'
import { createQueue } from '../base/queue.ts'
import type { ByteSink, SinkContext, SinkWriter } from './sink.ts'

/** Where `tcpSink` connects to, and how. */
export interface TcpSinkOptions extends BacklogOptions, AcknowledgedSinkOptions {
  /** Where to connect to. */
  readonly connect: Address
  /** Default: `tcp HOST:PORT` */
  readonly name?: string
  /** TLS with these options (`ca`, `cert`, `key`, `servername`, …). Default: plain TCP */
  readonly tls?: ConnectionOptions
  readonly backoff?: BackoffOptions
}

const known: OptionNames<TcpSinkOptions> = {
  connect: true,
  name: true,
  tls: true,
  backoff: true,
  ...acknowledgedOptions,
  ...backlogOptions,
}

/**
 * Writes to a TCP server. Connects when it is opened, and again whenever the connection is lost, for ever, with backoff
 * and jitter. Every connection starts with a whole message: what was not handed to the socket when one was lost is sent
 * again from the start of the batch it was in, so messages of one batch may come twice; messages that were handed to
 * the socket and had not reached the receiver are lost with the connection.
 *
 * Waits while it is not connected: the sources are held at `highWaterMark`. A crash of this process loses what is not
 * sent.
 *
 * With `acknowledged: true` nothing is lost and nothing comes twice, also after a crash of either side: what is not
 * acknowledged is in the checkpoint, and is sent again.
 *
 * Throws `ADDRESS_INVALID`, `OPTION_INVALID`; fails the pipeline with `BUFFER_OVERFLOW` only; with acknowledgements
 * also with `ACKNOWLEDGED_NEEDS_STORE`, `STREAM_TAKEN_OVER`, `STREAM_CHANGED`, `STREAM_AHEAD`,
 * `STREAM_REPLAY_DIFFERS`, `RECEIVER_CHANGED`.
 *
 * @example
 * ```ts
 * import { tcpSink } from 'wallarx'
 *
 * const sink = tcpSink({ connect: '127.0.0.1:7002' })
 * assert.equal(sink.name, 'tcp 127.0.0.1:7002')
 * ```
 */
export function tcpSink(options: TcpSinkOptions): ByteSink {
  knownOptions('tcpSink', options, known)
  const address = parseAddress(options.connect)
  const name = options.name ?? `tcp ${formatAddress(address)}`
  const { acknowledged = false } = options
  if (typeof acknowledged !== 'boolean') throw invalidOption('acknowledged', 'true or false', acknowledged)
  createBackoff(options.backoff)
  const connect = (): Socket =>
    options.tls === undefined
      ? connectPlain({ ...address, noDelay: true, keepAlive: true })
      : connectTls({ ...address, ...options.tls })
          .setNoDelay(true)
          .setKeepAlive(true)
  if (acknowledged) return acknowledgedSink(name, options, connect)
  checkUnacknowledged(options)
  checkBacklog(options)
  return {
    name,
    kind: 'tcp',
    acceptsText: true,
    open: (context) => openWriter(name, options, context, connect),
  }
}

function openWriter(
  name: string,
  options: TcpSinkOptions,
  context: SinkContext,
  connect: () => Socket,
): SinkWriter<Uint8Array | string> {
  const backlog = createBacklog(name, options, context)
  const backoff = createBackoff(options.backoff)
  const unwritten = createQueue<Buffer>() // batches the socket has not confirmed, oldest first
  let socket: Socket // the present connection, or the present attempt at one
  let connected = false
  let cancelRetry: (() => void) | undefined
  let wait = 0 // milliseconds before the present attempt
  let closed: Deferred<void> | undefined // set when `close` waits
  let aborted = false

  const batch = createByteBatch((bytes) => {
    if (aborted) return
    unwritten.push(bytes)
    backlog.add(bytes.length)
    if (connected) send(bytes)
  })

  const send = (bytes: Buffer): void => {
    const to = socket
    to.write(bytes, (error) => {
      if (error || to !== socket || aborted) return
      unwritten.shift()
      backlog.remove(bytes.length)
      endIfDone()
    })
  }

  const open = (): void => {
    let problem: unknown // why this connection ended
    let since: number | undefined // when it became a connection
    socket = connect()
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      connected = true
      since = systemClock.elapsed()
      for (const bytes of unwritten) send(bytes)
      endIfDone()
    })
    socket.on('error', (error) => {
      problem = error
    })
    socket.once('close', () => {
      connected = false
      if (aborted) return
      if (closed !== undefined && unwritten.size === 0) {
        closed.resolve()
        return
      }
      // A connection that lasted longer than it was waited for worked; one that is closed at once is as good as
      // refused.
      if (since !== undefined && systemClock.elapsed() - since > wait) backoff.reset()
      wait = backoff.next()
      const what = since !== undefined ? 'connection lost' : 'cannot connect'
      const why = problem === undefined ? 'closed by the receiver' : shown(problem)
      const next = `trying again in ${Math.round(wait)} ms, ${backlog.bytes} bytes wait`
      context.warn(`${name}: ${what}: ${why}; ${next}`, 'SINK_UNREACHABLE')
      cancelRetry = systemClock.after(wait, open)
    })
    socket.resume() // nothing is expected from the receiver, but its end must be seen
  }

  const endIfDone = (): void => {
    if (closed === undefined || unwritten.size > 0 || !connected) return
    const { resolve } = closed
    socket.end(() => {
      socket.unref()
      resolve()
    })
  }

  open()
  return {
    write(bytes) {
      batch.write(bytes)
    },
    async flush() {
      batch.flush()
      await backlog.empty()
      return undefined
    },
    close() {
      batch.flush()
      closed = createDeferred()
      if (unwritten.size === 0 && !connected) {
        cancelRetry?.()
        socket.destroy()
        closed.resolve()
      } else {
        endIfDone()
      }
      return closed.promise
    },
    abort() {
      if (aborted) return
      aborted = true
      batch.discard()
      unwritten.clear()
      backlog.end()
      cancelRetry?.()
      // After a close that went through, the socket has sent everything and ends by itself.
      if (!socket.writableFinished) socket.destroy()
    },
  }
}
