import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import type { Observable } from 'rxjs'
import { encode } from '../../operators/encode.ts'
import { to } from '../../operators/to.ts'
import { toSink } from '../../operators/toSink.ts'
import { formatAddress, type HostAndPort } from '../base/address.ts'
import { WallarxError } from '../base/errors.ts'
import { delimited } from '../framing/delimited.ts'
import { lengthPrefixed } from '../framing/lengthPrefixed.ts'
import type { Framing, HeaderFraming } from '../framing/framing.ts'
import { run } from '../run/run.ts'
import { fileSink } from '../sink/file.ts'
import { tcpSource } from '../source/tcp.ts'
import { bytes, messages, perSecond, seconds } from './format.ts'
import type { Command } from './command.ts'
import { Failure, UsageError } from './failure.ts'
import { addressArgument, choiceOption, numberOption } from './options.ts'
import { createStatusLine } from './statusLine.ts'

const help = `wallarx receive: listens and prints the messages that come, one a line

  wallarx receive HOST:PORT

  HOST:PORT            where to listen; port 0 for any that is free

  --expect N           stop after N messages; fail if more than N have come by then
  --timeout SECONDS    stop after this time; with --expect, fail if fewer have come
  --output FILE        write the messages to a file and not to standard output
  --count              write no message, only how many came
  --quiet              write nothing but errors; the exit code tells
  --framing newline    each message ends with a newline. This is the default
  --framing length     each message is preceded by its length
  --framing none       bytes are written as they come
  --header-length N    bytes of the length, 1, 2, 4 or 8, big-endian. Default: 4
  --hex                write each message in hexadecimal, as "wallarx send --hex" takes it
  --help               this text

Takes any number of connections, one after the other or at once. Without --expect or --timeout it runs until Ctrl-C.
Exit code: 0, 1 when not what was expected came, 2 for wrong arguments.`

interface ReceiveOptions {
  readonly address: HostAndPort
  readonly expect: number | undefined
  /** Milliseconds. */
  readonly timeout: number | undefined
  /** Where the messages go: a file, `-` for standard output. */
  readonly output: string | undefined
  readonly show: 'messages' | 'count' | 'nothing'
  readonly framing: 'newline' | 'length' | 'none'
  readonly headerLength: 1 | 2 | 4 | 8
  /** Whether messages are written in hexadecimal. */
  readonly hex: boolean
}

/** `wallarx receive` */
export const receive: Command = {
  name: 'receive',
  summary: 'listens, prints or counts the messages that come',
  help,
  run: (args) => receiveMessages(parse(args)),
}

function parse(args: readonly string[]): ReceiveOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      expect: { type: 'string' },
      timeout: { type: 'string' },
      output: { type: 'string' },
      count: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      framing: { type: 'string', default: 'newline' },
      'header-length': { type: 'string' },
      hex: { type: 'boolean', default: false },
    },
  })
  const [place, ...more] = positionals
  if (more.length > 0) throw new UsageError(`expected HOST:PORT, got "${more[0]!}" too`)
  const address = addressArgument(place)
  const framing = choiceOption('framing', values.framing, ['newline', 'length', 'none'])
  const headerLength = choiceOption('header-length', values['header-length'] ?? '4', ['1', '2', '4', '8'])
  if (framing !== 'length' && values['header-length'] !== undefined) {
    throw new UsageError('--header-length needs --framing length')
  }
  const expect = numberOption('expect', values.expect, { least: 1 })
  if (expect !== undefined && framing === 'none') throw new UsageError('--expect needs messages, not --framing none')
  const timeout = numberOption('timeout', values.timeout, { least: 0, whole: false })
  const { count, quiet, output, hex } = values
  if (count && quiet) throw new UsageError('--count and --quiet exclude each other')
  if (hex && framing === 'none') throw new UsageError('--hex needs messages, not --framing none')
  if (output === '') throw new UsageError('--output wants the path of a file')
  return {
    address,
    expect,
    timeout: timeout === undefined ? undefined : 1000 * timeout,
    output: output ?? (count || quiet ? undefined : '-'),
    show: count ? 'count' : quiet ? 'nothing' : 'messages',
    framing,
    headerLength: Number(headerLength) as 1 | 2 | 4 | 8,
    hex,
  }
}

async function receiveMessages(options: ReceiveOptions): Promise<number> {
  const { expect, timeout, show } = options
  const received = { messages: 0, bytes: 0, first: 0, last: 0 } // the times of the first and the last message
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
    const frames = tcpSource({ listen: options.address, framing: framingOf(options), onListening }).pipe(to(tally))
    const app = await run({
      name: 'wallarx receive',
      pipelines: { Receive: written(frames, options) },
      signal: enough.signal,
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
  if (show === 'count') console.log(summary())
  else if (show === 'messages') console.error(`received ${summary()}`)
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
