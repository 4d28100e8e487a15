import { createDeferred, type Deferred } from '../../base/deferred.ts'
import { WallarxError, type ErrorCode } from '../../base/errors.ts'
import type { Refusal } from '../../acknowledged/wire.ts'
import { createBacklog } from '../backlog.ts'
import type { SinkContext, SinkWriter } from '../sink.ts'
import { createFrameBatch } from './frameBatch.ts'
import { openLink, type Link, type LinkOptions } from './link.ts'
import { createSendingStream, type SendingStream, type SendingStreamOptions } from './sendingStream.ts'
import type { Frames } from './unacknowledged.ts'

export interface AcknowledgedWriterOptions
  extends Pick<LinkOptions, 'connect' | 'connected' | 'backoff'>, Pick<SendingStreamOptions, 'stream' | 'send'> {
  /** Of the sink, as it stands in errors. */
  readonly name: string
  readonly maxUnacknowledged: number
  readonly maxBuffered: number
}

/** Sends what is written as frames, and keeps each until the receiver has acknowledged it. */
export function openAcknowledgedWriter(
  options: AcknowledgedWriterOptions,
  context: SinkContext,
): SinkWriter<Uint8Array | string> {
  const { name, maxUnacknowledged: highWaterMark, maxBuffered } = options
  const { kept, stopping } = context
  if (kept === undefined) throw needsStore()
  const backlog = createBacklog(name, { highWaterMark, maxBuffered }, context)
  const stream = createSendingStream({ ...options, kept, backlog })
  const outlet = createOutlet(stream)
  let link: Link | undefined // once the stream may greet
  let closing: Deferred<number> | undefined // set when `close` waits
  let over = false

  const fail = (error: unknown): void => {
    if (over) return
    over = true
    context.fail(error)
  }
  const batch = createFrameBatch(stream.last, (bytes, last) => {
    if (over) return
    try {
      const frames = stream.add(bytes, last)
      if (frames !== undefined) outlet.send(frames)
      // What waits for a checkpoint must not hold the sources until there is one.
      if (options.send === 'after checkpoint' && backlog.bytes >= highWaterMark) kept.commit()
    } catch (error) {
      process.nextTick(fail, error)
    }
  })

  const finish = (): void => {
    if (over) return
    over = true
    stopping?.removeEventListener('abort', finish)
    link?.end()
    backlog.end()
    closing!.resolve(stream.last)
  }
  const finishIfDone = (): void => {
    if (closing !== undefined && stream.isDone) finish()
  }

  const open = (): void => {
    link ??= openLink({
      ...options,
      hello: stream.hello,
      warn(event, code) {
        context.warn(`${name}: ${event}, ${backlog.bytes} bytes wait`, code)
      },
      welcomed(welcome) {
        stream.welcome(welcome)
        if (!stream.receiverIsKnown) kept.commit()
        outlet.open(link!)
        finishIfDone()
      },
      acknowledged(mark) {
        stream.acknowledge(mark)
        finishIfDone()
      },
      lost: outlet.close,
      refused(refusal) {
        fail(refusedWith(refusal, options.stream))
      },
      failed: fail,
    })
  }

  kept.follow(
    () => stream.changes(),
    () => {
      stream.durable()
      if (over) return
      open()
      outlet.begin()
      if (options.send === 'after checkpoint') outlet.sendAll()
    },
  )
  if (stream.isKnown) open()
  else kept.commit()

  return {
    write(message) {
      batch.write(message)
    },
    flush() {
      batch.flush()
      return Promise.resolve(stream.last)
    },
    async close(failure) {
      batch.flush()
      if (failure !== undefined || over) return undefined
      closing = createDeferred()
      if (stopping?.aborted === true) {
        finish()
      } else {
        stopping?.addEventListener('abort', finish)
        stream.end()
        finishIfDone()
        if (options.send === 'after checkpoint') kept.commit()
      }
      return closing.promise
    },
    abort() {
      over = true
      stopping?.removeEventListener('abort', finish)
      batch.discard()
      backlog.end()
      link?.destroy()
    },
  }
}

/** What goes over the present connection. */
interface Outlet {
  /** The receiver has greeted. */
  open(link: Link): void
  /** The connection is lost. */
  readonly close: () => void
  /** Begins to send, where nothing is in the way any more. */
  begin(): void
  send(frames: Frames): void
  /** Sends what may be sent and was not. */
  sendAll(): void
}

function createOutlet(stream: SendingStream): Outlet {
  let link: Link | undefined
  let sent: number | undefined // the last frame that was sent; undefined: nothing may be sent

  const send = (frames: Frames): void => {
    if (sent === undefined || frames.last.number <= sent || !stream.isSendable(frames)) return
    sent = frames.last.number
    link!.send(frames.bytes)
  }
  const sendAll = (): void => {
    if (sent !== undefined) for (const frames of stream.frames()) send(frames)
  }
  const begin = (): void => {
    // A receiver gets frames only once it is durable that it is this one that gets them.
    if (sent !== undefined || link === undefined || !stream.receiverIsKnown) return
    sent = stream.acknowledged
    sendAll()
  }
  return {
    open(greeted) {
      link = greeted
      begin()
    },
    close() {
      link = sent = undefined
    },
    begin,
    send,
    sendAll,
  }
}

function needsStore(): WallarxError {
  return new WallarxError('ACKNOWLEDGED_NEEDS_STORE', {
    expected: 'a run with a store of its own, which keeps what is not acknowledged, and one subscription of this sink',
    got: 'none',
  })
}

/** What a receiver may refuse a sender with. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>([
  'STREAM_TAKEN_OVER',
  'STREAM_CHANGED',
  'STREAM_GAP',
  'STREAM_REPLAY_DIFFERS',
  'PEER_NOT_UNDERSTOOD',
  'FRAME_TOO_LONG',
])

function refusedWith({ code, text }: Refusal, stream: string): WallarxError {
  return new WallarxError(refusals.has(code) ? (code as ErrorCode) : 'SINK_FAILED', {
    expected: `the receiver to take stream ${stream}`,
    got: refusals.has(code) ? text : `${code}: ${text}`,
  })
}
