import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Shards, Topics } from './worker.ts'

/** A worker in a process of its own. */
export interface WorkerProcess {
  readonly name: string
  /** What it said last that it owns. */
  readonly shards: Shards
  /** How it ended, when it has: the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** Ends it at once, as a power cut does. */
  kill(): Promise<void>
  /** Asks it to stop, and does not ask any more after some seconds. */
  stop(): Promise<number | NodeJS.Signals>
}

const main = fileURLToPath(new URL('main.ts', import.meta.url))
/** In ms. */
const longestStop = 15_000

/** Starts this program as one worker: it tells what it owns over the channel between the two processes. */
export function startWorker({ brokers, lines, words }: Topics, name: string): WorkerProcess {
  const args = ['--brokers', brokers, '--in', lines, '--out', words, '--worker', '--name', name]
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // In a process group of its own: a Ctrl-C in the terminal is passed on by us, in order, and by nobody else.
    detached: true,
  })
  let shards: Shards = { owned: [], restoring: [] }
  child.on('message', (message) => (shards = message as Shards))
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill) // whatever happens here, it does not stay behind
  const ended = once(child, 'close').then(([code, signal]) => {
    process.off('exit', kill)
    shards = { owned: [], restoring: [] }
    return (code ?? signal) as number | NodeJS.Signals
  })
  return {
    name,
    get shards() {
      return shards
    },
    ended,
    async kill() {
      kill()
      await ended
    },
    stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(kill, longestStop)
      return ended.finally(() => {
        clearTimeout(timer)
      })
    },
  }
}
