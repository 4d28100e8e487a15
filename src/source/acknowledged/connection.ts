import type { Socket } from 'node:net'
import { WallarxError, type Where } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import {
  frameOverhead,
  greetingTimeout,
  messageType,
  notUnderstood,
  readError,
  readHello,
  type Refusal,
} from '../../acknowledged/wire.ts'
import { handOver } from '../../context/time/handOver.ts'
import { createFramer } from '../../framing/framer.ts'
import type { HeaderFraming } from '../../framing/framing.ts'
import { frameEmitter } from '../../step/output.ts'
import type { SourceSubscription } from '../source.ts'
import { createAnswers } from './answers.ts'
import { readWhileFree } from './heldReading.ts'
import { createFrameTaker, u32, type FrameTaker } from './frameTaker.ts'
import type { ReceivedStream, ReceivedStreams } from './streams.ts'

export interface AcknowledgedConnectionOptions {
  readonly name: string
  readonly maxFrameLength: number | undefined
  readonly subscription: SourceSubscription<Buffer>
  readonly streams: ReceivedStreams
  readonly reject: (error: WallarxError, input?: Uint8Array) => void
  /** Of the client. */
  readonly peer: string | undefined
}

/** One sender, from its connection on. */
export interface AcknowledgedConnection {
  /** The receiver is known: who has greeted is greeted. */
  readonly welcome: () => void
  /** Takes no frame any more; acknowledges still. */
  readonly stop: () => void
  /** Ends the connection once all that was taken is acknowledged; it keeps no process alive meanwhile. */
  readonly end: () => void
  readonly destroy: () => void
}

/** How a connection is cut into messages. */
export const messageFraming: HeaderFraming = {
  headerLength: 4,
  payloadLength: (header) => u32(header, 0),
  payloadLengthAt: u32,
}

/** 1 MiB. */
const defaultMaxFrameLength = 1024 * 1024

/** `onEnd` is called when the connection is closed. */
export function serveAcknowledged(
  socket: Socket,
  { name, maxFrameLength = defaultMaxFrameLength, subscription, streams, reject, peer }: AcknowledgedConnectionOptions,
  onEnd: () => void,
): AcknowledgedConnection {
  const { output, context, meter } = subscription
  const where: Where = { pipeline: context.pipeline, source: name, connection: peer }
  const origin = `${subscription.origin}/${peer ?? ''}`
  let stream: ReceivedStream | undefined // once it has greeted
  let taker: FrameTaker | undefined // once it was greeted
  let stopped = false
  let problem: Error | undefined
  const answers = createAnswers(
    socket,
    context.clock,
    () => stream!.durable,
    () => {
      refuse(notGreeted(where))
    },
  )

  const warn = (event: string, code: string): void => {
    context.report.warn(`${name}: ${event}`, code, { source: name })
  }

  /** Ends this connection because of what it sent, and says why. */
  const refuse = (error: WallarxError, input?: Uint8Array): void => {
    sayAndLeave({ code: error.code, text: `expected ${error.expected}, got ${error.got}` })
    reject(error.at(where), input)
  }

  /** Nothing of what comes is looked at any more. */
  const stop = (): void => {
    stopped = true
    framer.stop()
    reading.stop()
  }
  const leave = (): void => {
    stop()
    answers.stop()
    if (stream !== undefined) streams.close(stream, own)
  }
  const sayAndLeave = (refusal: Refusal): void => {
    leave()
    answers.refuse(refusal)
  }
  const welcome = (): void => {
    if (stream === undefined || taker !== undefined || stopped || !streams.isKnown) return
    taker = createFrameTaker(stream, stream.durable, frameEmitter(output))
    answers.welcome({ receiverId: streams.receiverId, ...stream.durable })
  }

  const takeOther = (type: number, body: Buffer): void => {
    if (type === messageType.hello && stream === undefined) {
      stream = streams.open(readHello(body), own)
      welcome()
    } else if (type === messageType.error && stream !== undefined) {
      const { code, text } = readError(body)
      warn(`the sender of stream ${stream.name} gives up: ${code}: ${text}`, 'SENDER_GAVE_UP')
    } else {
      throw notUnderstood('a message that a sender may send now', `one of type ${type}`)
    }
  }

  const framer = createFramer({
    framing: messageFraming,
    maxFrameLength: maxFrameLength + frameOverhead,
    where,
    onFrame(bytes, start, end) {
      if (taker !== undefined && bytes[start] === messageType.frame) taker.take(bytes, start, end)
      else takeOther(bytes[start] ?? 0, bytes.subarray(start + 1, end))
    },
  })

  const pass = (chunk: Buffer): void => {
    meter?.taken(chunk.length)
    try {
      handOver(context, origin, framer.push, chunk)
      taker?.settle()
    } catch (error) {
      taker?.settle()
      refuse((stream === undefined ? ofSomebodyElse : ofItsPayload)(error as WallarxError, maxFrameLength), chunk)
    }
    meter?.handedOver()
  }
  // A greeting hands over nothing, and is answered also while something holds.
  const reading = readWhileFree(socket, context.backPressure.holds, () => taker !== undefined, pass)
  socket.on('error', (error) => {
    problem = error
  })
  socket.once('close', () => {
    const isOpen = !stopped && stream !== undefined
    leave()
    context.time.pipeline.originEnded(origin)
    if (isOpen && problem !== undefined) {
      warn(`the connection of stream ${stream!.name} was lost: ${shown(problem)}`, 'CONNECTION_LOST')
    }
    onEnd()
  })

  const own = {
    acknowledge() {
      if (taker !== undefined) answers.acknowledge()
    },
    takenOver() {
      warn(`another connection has come for stream ${stream!.name}, the one before it ends`, 'STREAM_TAKEN_OVER')
      sayAndLeave(takenOver(stream!.name))
    },
  }
  return {
    welcome,
    stop,
    end() {
      answers.end(taker !== undefined && stream!.number > stream!.durable.number)
    },
    destroy() {
      socket.destroy()
    },
  }
}

/** What makes no sense before the greeting; an id that is not the stream's makes some. */
function ofSomebodyElse(error: WallarxError): WallarxError {
  if (error.code === 'STREAM_CHANGED') return error
  return notUnderstood('a sender that wants acknowledgements (acknowledged: true)', error.got)
}

/** What is too long by the limit that a user has set: what is cut here is longer by its type and number. */
function ofItsPayload(error: WallarxError, maxFrameLength: number): WallarxError {
  if (error.code !== 'FRAME_TOO_LONG') return error
  return new WallarxError(error.code, {
    expected: `a frame of at most ${maxFrameLength} bytes (option maxFrameLength)`,
    got: `${error.got}, ${frameOverhead} of them its type and number`,
  })
}

const takenOver = (stream: string): Refusal => ({
  code: 'STREAM_TAKEN_OVER',
  text: `another sender has connected for stream ${stream}; one of the two needs another name (option stream)`,
})

function notGreeted(where: Where): WallarxError {
  return new WallarxError('CONNECTION_IDLE', {
    expected: `the greeting of a sender within ${greetingTimeout} ms`,
    got: 'nothing',
    where,
  })
}
