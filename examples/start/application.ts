import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The word count application in a process of its own. */
export interface Application {
  /** How it ended, as soon as it has: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** What it wrote on standard error: its log, and at the end why it failed. */
  readonly complaint: string
  /** Where its page is; empty until that is open. */
  readonly page: string
  /** Asks it to stop, and does not ask any more after some seconds; the result is `ended`. */
  stop(): Promise<number | NodeJS.Signals>
  /** Ends it at once. */
  kill(): void
}

const main = fileURLToPath(new URL('../01-word-count/main.ts', import.meta.url))
const patience = 5000

interface ApplicationOptions {
  /** Where it listens, a port. */
  readonly listen: number
  /** Where the counts go, a port. */
  readonly connect: number
  /** The directory of its state. */
  readonly state: string
}

export function startApplication({ listen, connect, state }: ApplicationOptions): Application {
  const args = ['--in', `127.0.0.1:${listen}`, '--out', `127.0.0.1:${connect}`, '--state', state, '--monitor', '0']
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
    // In a process group of its own: a Ctrl-C in the terminal is passed on by us, in order, and by nobody else.
    detached: true,
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill) // whatever happens here, it does not stay behind
  const ended = once(child, 'close').then(([code, signal]) => {
    process.off('exit', kill)
    return (code ?? signal) as number | NodeJS.Signals
  })
  return {
    ended,
    get complaint() {
      return complaint.trim()
    },
    get page() {
      return /monitor: (http:\S+)/.exec(complaint)?.[1] ?? ''
    },
    stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(kill, patience)
      return ended.finally(() => {
        clearTimeout(timer)
      })
    },
    kill,
  }
}
