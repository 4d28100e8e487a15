import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compiledProgram } from '../support/programs.ts'
import { Wrong } from './result.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A process that is going to be killed. */
export interface Victim {
  /** `performance.now()` when it was started. */
  readonly startedAt: number
  readonly hasEnded: boolean
  /** How, if it has. */
  readonly end: number | NodeJS.Signals | null | undefined
  stderr(): string
  /** Resolves when the store is open, which is its first line; or at the end. */
  readonly begun: Promise<void>
  /** Resolves when the output is closed: the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
  signal(signal: NodeJS.Signals): void
}

/** Started and not ended. None outlives this process. */
const alive = new Set<() => void>()
process.once('exit', () => {
  for (const kill of alive) kill()
})

/** In tests everything is compiled: this one too. */
export const isCompiled = process.argv[1]!.endsWith('.js')
const started = (program: string): string[] => (isCompiled ? [compiledProgram(program)] : ['--import', 'tsx', program])

/** Starts a TypeScript program in the package's folder. */
export function startVictim(program: string, ...args: string[]): Victim {
  const child = spawn(process.execPath, [...started(program), ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const kill = (): void => void child.kill('SIGKILL')
  alive.add(kill)
  let stderr = ''
  let hasEnded = false
  let end: Victim['end']
  let tellBegun: () => void
  const begun = new Promise<void>((resolve) => {
    tellBegun = resolve
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (stderr.includes('\n')) tellBegun()
  })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => {
      alive.delete(kill)
      hasEnded = true
      end = code ?? signal
      tellBegun()
      resolve(code ?? signal)
    })
  })
  return {
    startedAt: performance.now(),
    get hasEnded() {
      return hasEnded
    },
    get end() {
      return end
    },
    stderr: () => stderr,
    begun,
    ended,
    signal: (signal) => void child.kill(signal),
  }
}

/**
 * Waits for the end by itself or by this signal. Throws `Wrong` when it ends in any other way, or not within a minute.
 */
export async function endOf(victim: Victim, signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
  let wasLate = false
  const late = setTimeout(() => {
    wasLate = true
    victim.signal('SIGKILL')
  }, 60_000)
  const end = await victim.ended
  clearTimeout(late)
  if (end === 0 || (end === signal && !wasLate)) return end
  throw new Wrong(`the application ended with ${end ?? 'nothing'}${wasLate ? ', not in time' : ''}: ${victim.stderr()}`)
}
