/* `wallarx send`: the lines of a file or of standard input as frames over TCP, no faster than they are taken. */

import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { fromEvent, lastValueFrom, repeat, takeUntil } from 'rxjs'
import { to } from '../../../operators/to.ts'
import { toSink } from '../../../operators/toSink.ts'
import { formatAddress, type HostAndPort } from '../../base/address.ts'
import { framed } from '../../codec/codec.ts'
import { delimited } from '../../framing/delimited.ts'
import { onSignals } from '../../run/signals.ts'
import { fileSource } from '../../source/file.ts'
import { bytes, messages, perSecond, seconds } from '../format.ts'
import type { Command } from '../command.ts'
import { connect } from './connect.ts'
import { connectionSink } from './connectionSink.ts'
import type { Line, Sent } from './line.ts'
import { Failure, UsageError } from '../failure.ts'
import { addressArgument, choiceOption, numberOption } from '../options.ts'
import { createRateLimit } from './rateLimit.ts'
import { createStatusLine } from '../statusLine.ts'

const help = `wallarx send: sends each line of a file or of standard input as a message

  wallarx send HOST:PORT [FILE]

  HOST:PORT            where a receiver listens
  FILE                 a text file; - or nothing for standard input

  --rate N             messages a second, evenly spaced. Default: as fast as the receiver takes them
  --repeat N           send the file N times, 0 for ever. Default: 1
  --keep-empty         send empty lines too. Default: they are left out
  --hex                a line is a message in hexadecimal, such as "61 00001534"; spaces are left out
  --framing length     each message is preceded by its length. This is the default
  --framing newline    each message is followed by a newline
  --header-length N    bytes of the length, 1, 2 or 4, big-endian. Default: 4
  --wait SECONDS       how long to wait for somebody to listen. Default: 0
  --help               this text

A line is sent without its line end, be it \\n or \\r\\n, and may have up to 1 MiB. Progress goes to standard error.
Ctrl-C stops.
Exit code: 0 when all is sent, 1 when it could not be, 2 for wrong arguments, 130 after Ctrl-C.`

interface SendOptions {
  readonly address: HostAndPort
  /** `-` for standard input. */
  readonly path: string
  readonly rate: number | undefined
  /** 0: for ever. */
  readonly repetitions: number
  readonly keepEmpty: boolean
  /** Whether lines are in hexadecimal. */
  readonly hex: boolean
  readonly framing: 'length' | 'newline'
  readonly headerLength: 1 | 2 | 4
  /** Milliseconds. */
  readonly wait: number
}

/** `wallarx send` */
export const send: Command = {
  name: 'send',
  summary: 'sends lines of text as messages over TCP',
  help,
  run: (args) => sendLines(parse(args)),
}

function parse(args: readonly string[]): SendOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rate: { type: 'string' },
      repeat: { type: 'string' },
      'keep-empty': { type: 'boolean', default: false },
      hex: { type: 'boolean', default: false },
      framing: { type: 'string', default: 'length' },
      'header-length': { type: 'string' },
      wait: { type: 'string' },
    },
  })
  const [place, path = '-', ...more] = positionals
  if (more.length > 0) throw new UsageError(`expected HOST:PORT and one FILE, got "${more[0]!}" too`)
  const address = addressArgument(place)
  const framing = choiceOption('framing', values.framing, ['length', 'newline'])
  const headerLength = choiceOption('header-length', values['header-length'] ?? '4', ['1', '2', '4'])
  if (framing === 'newline' && values['header-length'] !== undefined) {
    throw new UsageError('--header-length needs --framing length')
  }
  const rate = numberOption('rate', values.rate, { least: 0, whole: false })
  if (rate === 0) throw new UsageError('--rate wants a number above 0')
  const repetitions = numberOption('repeat', values.repeat, { least: 0 }) ?? 1
  if (path === '-' && repetitions !== 1) throw new UsageError('--repeat needs a FILE: standard input can be read once')
  const wait = 1000 * (numberOption('wait', values.wait, { least: 0, whole: false }) ?? 0)
  const { hex, 'keep-empty': keepEmpty } = values
  return {
    address,
    path,
    rate,
    repetitions,
    keepEmpty,
    hex,
    framing,
    headerLength: Number(headerLength) as 1 | 2 | 4,
    wait,
  }
}

async function sendLines(options: SendOptions): Promise<number> {
  const { address, path, rate, repetitions } = options
  const size = path === '-' ? undefined : await sizeOf(path, repetitions)
  const interrupt = new AbortController()
  let code = 0
  const forgetSignals = onSignals((signal) => {
    code = 128 + constants.signals[signal as NodeJS.Signals]
    interrupt.abort()
  })
  const sent: Sent = { messages: 0, bytes: 0, inputBytes: 0 }
  let start = performance.now()
  const summary = (): string => {
    const time = performance.now() - start
    return `${messages(sent.messages)}, ${bytes(sent.bytes)} in ${seconds(time)}, ${perSecond(sent.messages, time)}`
  }
  const status = createStatusLine(() => {
    const share = size === undefined || repetitions === 0 ? NaN : sent.inputBytes / (size * repetitions)
    return Number.isNaN(share) ? summary() : `${Math.floor(100 * share)} %  ${summary()}`
  })
  try {
    const advice = `Start the application, or "${receiveCommand(options)}", or let it be waited for: --wait 10`
    const socket = await connect(address, { wait: options.wait, signal: interrupt.signal, advice })
    start = performance.now()
    if (path === '-' && process.stdin.isTTY) status.print('each line you type is a message; Ctrl-D ends')
    const rateLimit = rate === undefined ? undefined : createRateLimit(rate)
    const lines = fileSource({ path, framing: delimited('\n', { unterminated: 'frame' }) }).pipe(
      repeat(repetitions === 0 ? {} : { count: repetitions }),
      to(lineReader(options)),
      toSink(connectionSink({ socket, receiver: formatAddress(address), rateLimit, sent })),
      takeUntil(fromEvent(interrupt.signal, 'abort')),
    )
    await lastValueFrom(lines, { defaultValue: undefined })
    if (interrupt.signal.aborted && !socket.closed) await once(socket, 'close')
    status.end()
    status.print(interrupt.signal.aborted ? `stopped: ${summary()}` : `sent ${summary()}`)
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    status.end()
    status.print('stopped before anything was sent')
  } finally {
    status.end()
    forgetSignals()
  }
  return code
}

/** Makes what is sent from a line without its newline. */
function lineReader({ framing, headerLength, keepEmpty, hex }: SendOptions): (text: Buffer) => Line | undefined {
  const encoder = framing === 'length' ? framed(asIs, { headerLength }) : { encode: terminated }
  const longest = framing === 'length' ? 2 ** (8 * headerLength) - 1 : Infinity
  let inputEnd = 0
  let number = 0
  return (text) => {
    inputEnd += text.length + 1
    number++
    const line = text.at(-1) === carriageReturn ? text.subarray(0, -1) : text
    const message = hex ? hexMessage(line, number) : line
    if (message.length === 0 && !keepEmpty) return undefined
    if (message.length > longest) {
      throw new Failure(
        `line ${number} has ${message.length} bytes, more than a length of ${headerLength} bytes can say. ` +
          'Give a larger --header-length, if the receiver has it too',
      )
    }
    return { frame: encoder.encode(message)!, length: message.length, inputEnd }
  }
}

const newline = Buffer.from('\n')
const asIs = (message: Buffer): Buffer => message
const terminated = (message: Buffer): Buffer => Buffer.concat([message, newline])
const carriageReturn = 0x0d

/** Throws `Failure` where the line is no hexadecimal. */
function hexMessage(line: Buffer, number: number): Buffer {
  const digits = line.toString('latin1').replaceAll(' ', '')
  if (/^(?:[\da-f]{2})*$/i.test(digits)) return Buffer.from(digits, 'hex')
  throw new Failure(`line ${number} is not bytes of two hexadecimal digits each. Mend it, or leave --hex out`)
}

/**
 * How many bytes a file has; `undefined` where that is not known, as for a pipe. Throws `Failure` where it cannot be
 * read.
 */
async function sizeOf(path: string, repetitions: number): Promise<number | undefined> {
  const file = await stat(path).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    throw new Failure(
      code === 'ENOENT' ? `there is no file "${path}". Check the path` : `cannot read "${path}": ${String(code)}`,
    )
  })
  if (file.isDirectory()) throw new Failure(`"${path}" is a directory. Name a file`)
  if (file.isFile()) return file.size
  if (repetitions !== 1) throw new UsageError(`--repeat needs a file that can be read again, not "${path}"`)
  return undefined
}

function receiveCommand({ address, framing, headerLength }: SendOptions): string {
  const header = headerLength === 4 ? '' : ` --header-length ${headerLength}`
  return `wallarx receive ${formatAddress(address)}${framing === 'length' ? ` --framing length${header}` : ''}`
}
