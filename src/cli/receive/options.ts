import { parseArgs } from 'node:util'
import type { HostAndPort } from '../../base/address.ts'
import { UsageError } from '../failure.ts'
import { stampForms, stampOption, type StampPlace } from '../load/stamp.ts'
import { addressArgument, choiceOption, numberOption } from '../options.ts'

export const help = `wallarx receive: listens and prints the messages that come, one a line

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
  --stamp WHERE        where each message has the stamp of "wallarx send --stamp": before, after, or the number of its
                       first byte. At the end it tells how long messages took from there to here. Default: none
${stampForms}
  --acknowledged       take each message exactly once, from "wallarx send --acknowledged" or a tcpSink with
                       acknowledged: true: after Ctrl-C or a crash the same command goes on, and the file has each
                       message once. Needs --output FILE; there is no --framing then
  --state DIR          where it is kept how far that has come. Default: FILE.received
  --help               this text

Takes any number of connections, one after the other or at once. Without --expect or --timeout it runs until Ctrl-C.
At the end it tells messages a second, over whole seconds. A stamp is a time by the clock of who sends, and is held
against the clock here: on two machines the difference of their clocks is in every latency. The application between has
to hand on the bytes of the stamp. Messages are printed as they came, with their stamps.

Exit code: 0, 1 when not what was expected came, 2 for wrong arguments.`

export interface ReceiveOptions {
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
  readonly stamp: StampPlace | undefined
  /** The directory of the store that messages are acknowledged with; `undefined`: they are not. */
  readonly state: string | undefined
}

/** Throws `UsageError`, and what `parseArgs` throws. */
export function parse(args: readonly string[]): ReceiveOptions {
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
      stamp: { type: 'string' },
      'stamp-as': { type: 'string' },
      acknowledged: { type: 'boolean', default: false },
      state: { type: 'string' },
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
    stamp: stampOption(values, values.acknowledged ? 'length' : framing),
    state: stateOption(values, args),
  }
}

/** Throws `UsageError` for what does not go with `--acknowledged`. */
function stateOption(
  {
    acknowledged,
    state,
    output,
  }: { readonly acknowledged: boolean; readonly state?: string; readonly output?: string },
  args: readonly string[],
): string | undefined {
  if (!acknowledged) {
    if (state !== undefined) throw new UsageError('--state needs --acknowledged')
    return undefined
  }
  if (output === undefined || output === '-') throw new UsageError('--acknowledged needs --output FILE')
  if (args.some((arg) => /^--(framing|header-length)(=|$)/.test(arg))) {
    throw new UsageError('--acknowledged and --framing exclude each other: the sender cuts the messages')
  }
  if (state === '') throw new UsageError('--state wants the path of a directory')
  return state ?? `${output}.received`
}
