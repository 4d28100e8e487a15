import { createRequire } from 'node:module'
import { WallarxError } from '../base/errors.ts'
import type { ListedCommand } from './command.ts'
import { Failure, UsageError } from './failure.ts'

/** By what they are called by: `send` in `wallarx send`. */
const commands: ReadonlyMap<string, ListedCommand> = new Map(
  Object.entries({
    run: { summary: 'runs an application that is one file', load: async () => (await import('./run/run.ts')).run },
    send: {
      summary: 'sends lines of text as messages over TCP',
      load: async () => (await import('./send/send.ts')).send,
    },
    receive: {
      summary: 'listens, prints or counts the messages that come',
      load: async () => (await import('./receive/receive.ts')).receive,
    },
    top: {
      summary: 'shows why an application does not move, or how fast it does',
      load: async () => (await import('./top/top.ts')).top,
    },
    trace: {
      summary: 'follows one key, message by message',
      load: async () => (await import('./trace/trace.ts')).trace,
    },
    state: {
      summary: 'shows what is in a store; exports and imports it',
      load: async () => (await import('./state/state.ts')).state,
    },
    kafka: {
      summary: 'shows and resets what an application has on Kafka; makes topics',
      load: async () => (await import('./kafka/kafka.ts')).kafka,
    },
  }),
)

const help = `wallarx: run a stream processing application, try it from the command line, and look into its state

${[...commands].map(([name, { summary }]) => `  wallarx ${name.padEnd(10)}${summary}`).join('\n')}
  wallarx --help    this text; wallarx COMMAND --help tells more
  wallarx --version

Word count in three terminals:

  wallarx receive 127.0.0.1:7002
  npm run word-count -- --in 127.0.0.1:7010 --out 127.0.0.1:7002
  wallarx send 127.0.0.1:7010 FILE`

/** Runs the command that the arguments name, and tells what went wrong; resolves to the exit code and never rejects. */
export async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) return misused('wallarx', `a command is missing, one of ${names()}`)
  if (name === '--help' || name === '-h' || name === 'help') return say(help)
  if (name === '--version' || name === '-v') return say(version())
  const listed = commands.get(name)
  if (listed === undefined) {
    const what = name.startsWith('-') ? 'option' : 'command'
    return misused('wallarx', `unknown ${what} "${name}", expected one of ${names()}`)
  }
  const title = `wallarx ${name}`
  const command = await listed.load()
  if (args.includes('--help') || args.includes('-h')) return say(command.help)
  try {
    return await command.run(args)
  } catch (error) {
    const usage = usageProblem(error)
    if (usage !== undefined) return misused(title, usage)
    const problem = knownProblem(error)
    console.error(problem === undefined ? error : `${title}: ${problem}`)
    return 1
  }
}

const names = (): string => [...commands.keys()].join(', ')

function say(text: string): number {
  console.log(text)
  return 0
}

function misused(title: string, problem: string): number {
  console.error(`${title}: ${problem}. Try ${title} --help`)
  return 2
}

/** What was wrong with how the command was called, in a line. */
function usageProblem(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.message
  // parseArgs goes on with advice on positional arguments, which does not fit our commands.
  const isFromParseArgs =
    error instanceof TypeError && String((error as { code?: unknown }).code).includes('PARSE_ARGS')
  return isFromParseArgs ? error.message.replace(/\.( .*|$)/s, '') : undefined
}

/** What a user can mend, in a line; anything else is told with its stack. */
function knownProblem(error: unknown): string | undefined {
  if (error instanceof Failure) return error.message
  if (!(error instanceof WallarxError)) return undefined
  return error.cause instanceof Failure ? error.cause.message : error.message
}

function version(): string {
  const { version } = createRequire(import.meta.url)('wallarx/package.json') as { version: string }
  return version
}
