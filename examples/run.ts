/**
 * Runs an example by its name: `npm run example -- alphabet`. Without a name it says which there are.
 *
 * An example is a folder `NN-name` with a `main.ts`, which gets the rest of the arguments.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { WallarxError } from 'wallarx'

const here = new URL('./', import.meta.url)
const mainOf = (folder: string): URL => new URL(`${folder}/main.ts`, here)
const nameOf = (folder: string): string => folder.slice('NN-'.length)
const folders = readdirSync(here)
  .filter((name) => /^\d\d-/.test(name) && existsSync(mainOf(name)))
  .sort()

/** What an example says about itself first: in its help, or in the comment at its top. */
function summaryOf(folder: string): string {
  const text = readFileSync(mainOf(folder), 'utf8')
  return (/^const help = `(.+)/m.exec(text) ?? /^\/[*/]+[\s*]*(.+?)(?: *\*\/)?\n/.exec(text))?.[1] ?? ''
}

function list(): string {
  const width = Math.max(...folders.map((folder) => nameOf(folder).length))
  const lines = folders.map((folder) => `  npm run example -- ${nameOf(folder).padEnd(width)}  ${summaryOf(folder)}`)
  return `Runs an example:\n\n${lines.join('\n')}\n\nWith --help after the name an application tells what it takes.`
}

/** Whoever read what we print, such as head, has seen enough: what is left to say concerns nobody. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
process.stdout.on('error', ignoreClosedPipe)
process.stderr.on('error', ignoreClosedPipe)

/** Whether an application has ended because nobody reads what it writes to standard output. */
const isClosedPipe = (error: unknown): boolean =>
  error instanceof WallarxError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE'

/** Tells an error: what a user can mend in a line, anything else with its stack. Gives the exit code. */
function told(name: string, error: unknown): number {
  if (isClosedPipe(error)) return 0
  const { code = '', message } = error as NodeJS.ErrnoException
  const isUsage = /^(?:ERR_PARSE_ARGS|ADDRESS_INVALID|OPTION_INVALID)/.test(code)
  const isUsers = isUsage || (error instanceof WallarxError && error.kind !== 'user code')
  console.error(isUsers ? `${name}: ${message}` : error)
  if (isUsage) console.error(`Try npm run example -- ${name} --help`)
  return isUsage ? 2 : 1
}

const [name = '--help', ...args] = process.argv.slice(2)
const folder = folders.find((candidate) => candidate === name || nameOf(candidate) === name)
if (folder !== undefined) {
  const main = mainOf(folder)
  process.argv = [process.argv[0]!, fileURLToPath(main), ...args]
  try {
    await import(`./${folder}/main.ts`)
  } catch (error) {
    process.exitCode = told(nameOf(folder), error)
  }
} else if (name === '--help') {
  console.log(list())
} else {
  console.error(`There is no example "${name}". ${list()}`)
  process.exitCode = 2
}
