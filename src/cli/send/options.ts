import { parseArgs } from 'node:util'
import { formatAddress, type HostAndPort } from '../../base/address.ts'
import { UsageError } from '../failure.ts'
import { stampForms, stampOption, type StampPlace } from '../load/stamp.ts'
import { addressArgument, choiceOption, numberOption } from '../options.ts'

export const help = `wallarx send: sends each line of a file or of standard input as a message

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
  --stamp WHERE        put a stamp, the time, into each message for "wallarx receive --stamp": before it, after it, or
                       the number of a byte from which on it stands in place of what is there. Default: none
${stampForms}
  --acknowledged NAME  send each line exactly once, to a receiver that acknowledges ("wallarx receive --acknowledged",
                       or tcpSource with acknowledged: true), as the stream NAME: after Ctrl-C or a crash the same
                       command goes on where the receiver is, also with what FILE has got in addition. It waits for the
                       receiver. Needs a FILE; of the other options it takes --keep-empty and --hex
  --state DIR          where it is kept how far that has come. Default: FILE.NAME.sent
  --help               this text

A line is sent without its line end, be it \\n or \\r\\n, and may have up to 1 MiB. Progress goes to standard error,
and at the end messages a second and, with --rate, how late they were written. With --rate a stamp is the time at which
the message was due, so that a wait which delays many of them counts for each; without, it is when it was written, and
messages that were never sent, because the receiver was slow, count for nothing. Ctrl-C stops.

Exit code: 0 when all is sent, 1 when it could not be, 2 for wrong arguments, 130 after Ctrl-C.`

export interface SendOptions {
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
  readonly stamp: StampPlace | undefined
  readonly acknowledged: AcknowledgedOptions | undefined
}

export interface AcknowledgedOptions {
  /** The name by which the receiver knows what is sent. */
  readonly stream: string
  /** The directory of the store. */
  readonly state: string
}

/** Throws `UsageError`, and what `parseArgs` throws. */
export function parse(args: readonly string[]): SendOptions {
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
      stamp: { type: 'string' },
      'stamp-as': { type: 'string' },
      acknowledged: { type: 'string' },
      state: { type: 'string' },
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
    stamp: stampOption(values, framing),
    acknowledged: acknowledgedOption(values, args, path),
  }
}

/** Throws `UsageError` for what does not go with it. */
function acknowledgedOption(
  { acknowledged: stream, state }: { readonly acknowledged?: string; readonly state?: string },
  args: readonly string[],
  path: string,
): AcknowledgedOptions | undefined {
  if (stream === undefined) {
    if (state !== undefined) throw new UsageError('--state needs --acknowledged')
    return undefined
  }
  const length = Buffer.byteLength(stream)
  if (length === 0 || length > 255) throw new UsageError(`--acknowledged wants a name of 1 to 255 bytes, not ${length}`)
  if (path === '-') throw new UsageError('--acknowledged needs a FILE: standard input cannot be read again')
  if (state === '') throw new UsageError('--state wants the path of a directory')
  const without = ['rate', 'repeat', 'framing', 'header-length', 'wait', 'stamp', 'stamp-as']
  const other = without.find((option) => args.some((arg) => arg === `--${option}` || arg.startsWith(`--${option}=`)))
  if (other !== undefined) throw new UsageError(`--acknowledged and --${other} exclude each other`)
  return { stream, state: state ?? `${path}.${encodeURIComponent(stream)}.sent` }
}

/** The command that receives what is sent. */
export function receiveCommand({ address, framing, headerLength }: SendOptions): string {
  const header = headerLength === 4 ? '' : ` --header-length ${headerLength}`
  return `wallarx receive ${formatAddress(address)}${framing === 'length' ? ` --framing length${header}` : ''}`
}
