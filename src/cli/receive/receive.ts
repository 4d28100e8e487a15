/* `wallarx receive`: listens, and prints or counts what comes. */

import type { AddressInfo } from 'node:net'
import type { Observable } from 'rxjs'
import { encode } from '../../../operators/encode.ts'
import { to } from '../../../operators/to.ts'
import { toSink } from '../../../operators/toSink.ts'
import { formatAddress } from '../../base/address.ts'
import { WallarxError } from '../../base/errors.ts'
import { delimited } from '../../framing/delimited.ts'
import { lengthPrefixed } from '../../framing/lengthPrefixed.ts'
import type { Framing, HeaderFraming } from '../../framing/framing.ts'
import { run } from '../../run/run.ts'
import { fileSink } from '../../sink/file.ts'
import { tcpSource } from '../../source/tcp.ts'
import { lmdbStore } from '../../store/lmdb/lmdbStore.ts'
import { bytes, messages, perSecond, seconds } from '../format.ts'
import type { Command } from '../command.ts'
import { Failure } from '../failure.ts'
import { createStatusLine } from '../statusLine.ts'
import { createReceiveMeasures } from './measures.ts'
import { help, parse, type ReceiveOptions } from './options.ts'

/** `wallarx receive` */
export const receive: Command = {
  help,
  run: (args) => receiveMessages(parse(args)),
}

async function receiveMessages(options: ReceiveOptions): Promise<number> {
  const { expect, timeout, show } = options
  const received = { messages: 0, bytes: 0, first: 0, last: 0 } // the times of the first and the last message
  const measures = createReceiveMeasures(options)
  const enough = new AbortController()
  const summary = (): string => {
    if (options.framing === 'none') return bytes(received.bytes)
    const total = `${messages(received.messages)}, ${bytes(received.bytes)}`
    if (received.messages === 0) return total
    const time = received.last - received.first
    return `${total} in ${seconds(time)}, ${perSecond(received.messages, time)}`
  }
  // Messages on a terminal are progress enough.
  const isShown = show === 'count' || (show === 'messages' && options.output !== '-')
  const status = createStatusLine(isShown ? summary : undefined)
  let timer: NodeJS.Timeout | undefined

  const stop = (): void => {
    enough.abort()
  }
  const tally = (frame: Buffer): Buffer => {
    received.last = performance.now()
    measures.received(frame, received.last)
    if (received.messages === 0) received.first = received.last
    received.messages++
    received.bytes += frame.length
    if (received.messages === expect) stop()
    return frame
  }
  const onListening = ({ address: host, port }: AddressInfo): void => {
    if (show !== 'nothing') status.print(`listening on ${formatAddress({ host, port })}`)
    if (timeout !== undefined) timer = setTimeout(stop, timeout)
  }

  try {
    const { address: listen, state } = options
    const source =
      state === undefined
        ? tcpSource({ listen, framing: framingOf(options), onListening })
        : tcpSource({ listen, acknowledged: true, name: 'messages', onListening })
    const frames = source.pipe(to(tally))
    const app = await run({
      name: 'wallarx receive',
      pipelines: { Receive: written(frames, options) },
      signal: enough.signal,
      ...(state !== undefined && { store: lmdbStore(state), guarantee: 'exactly-once' }),
      log: {
        info: () => undefined,
        warn: (event) => {
          status.print(`wallarx receive: ${event}`)
        },
        error: (event) => {
          status.print(`wallarx receive: ${event}`)
        },
      },
    })
    await app.closed
  } catch (error) {
    if (isClosedPipe(error)) return 0 // whoever read our output, such as head, has seen enough
    throw error
  } finally {
    clearTimeout(timer)
    status.end()
  }
  const lines = [summary(), ...measures.lines()].join('\n')
  if (show === 'count') console.log(lines)
  else if (show === 'messages') console.error(`received ${lines}`)
  if (expect !== undefined && received.messages !== expect) {
    const why =
      received.messages > expect ? 'The application sends more than it should' : 'See whether the sender is done'
    throw new Failure(`expected ${messages(expect)}, got ${received.messages}. ${why}`)
  }
  return 0
}

function written(frames: Observable<Buffer>, { output, framing, hex }: ReceiveOptions): Observable<Buffer> {
  if (output === undefined) return frames
  if (hex) return frames.pipe(encode(asHexLine), toSink(fileSink({ path: output })))
  const line = framing === 'none' ? asIs : asLine
  return frames.pipe(encode(line), toSink(fileSink({ path: output })))
}

const newline = Buffer.from('\n')
const asLine = (frame: Buffer): Buffer => Buffer.concat([frame, newline])
const asHexLine = (frame: Buffer): string => `${frame.toString('hex')}\n`
const asIs = (bytes: Buffer): Buffer => bytes

function framingOf({ framing, headerLength }: ReceiveOptions): Framing {
  if (framing === 'newline') return delimited()
  return framing === 'length' ? lengthPrefixed(headerLength) : unframed
}

/**
 * No framing: a frame is what one read gave. Never asks for more than is there, so nothing is gathered; at the end of a
 * chunk the answer 1 means that the next frame has not begun.
 */
const unframed: HeaderFraming = {
  headerLength: 0,
  payloadLength: () => 1,
  payloadLengthAt: (bytes, at) => Math.max(1, bytes.length - at),
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof WallarxError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE'
}
