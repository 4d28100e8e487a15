import { parseArgs } from 'node:util'
import { addressArgument, choiceOption } from '../options.ts'
import { UsageError } from '../failure.ts'

export const help = `wallarx run: runs an application that is one file, without a command line of its own

  wallarx run FILE

  FILE                 a module, such as app.ts or app.js, that exports its pipelines:
                         export const pipelines = { NAME: source.pipe(…, toSink(sink)) }
                       or as its default one pipeline, or what run() takes, such as { name, pipelines, onError }

  --store DIR          keeps state and positions in this directory, and goes on from there at the next start
  --monitor ADDRESS    shows the run on a page: PORT for this machine alone, or HOST:PORT, which needs a token in the
                       environment, WALLARX_TOKEN; 0 is a port that is free
  --log LEVEL          what is told on standard error: info, warn, error or off. Default: info
  --help               this text

The application is called what its module says, or else as the file is. TypeScript runs where tsx is installed beside
FILE (npm install --save-dev tsx), and without it on a Node that strips types, 22.18 or newer. Ctrl-C and SIGTERM stop
it in order: sources first, then what is on its way is written.

Exit code: 0 when all pipelines have ended or were stopped, 1 when one has failed or there was none, 2 for wrong
arguments.`

export type LogLevel = (typeof logLevels)[number]

export const logLevels = ['info', 'warn', 'error', 'off'] as const

export interface RunArguments {
  readonly path: string
  readonly store: string | undefined
  /** A port of this machine, or an address. */
  readonly monitor: number | string | undefined
  readonly log: LogLevel | undefined
}

/** Throws `UsageError`, and what `parseArgs` throws. */
export function parse(args: readonly string[]): RunArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { store: { type: 'string' }, monitor: { type: 'string' }, log: { type: 'string' } },
  })
  const [path, ...more] = positionals
  if (path === undefined || path === '') throw new UsageError('FILE is missing, such as app.ts')
  if (more.length > 0) throw new UsageError(`expected one FILE, got "${more[0]!}" too`)
  const { store, monitor, log } = values
  if (store === '') throw new UsageError('--store wants a directory')
  return {
    path,
    store,
    monitor: monitor === undefined ? undefined : listenOption(monitor),
    log: log === undefined ? undefined : choiceOption('log', log, logLevels),
  }
}

function listenOption(text: string): number | string {
  if (!/^\d+$/.test(text)) {
    addressArgument(text)
    return text
  }
  if (Number(text) > 65535) throw new UsageError(`--monitor wants a port from 0 to 65535, not "${text}"`)
  return Number(text)
}
