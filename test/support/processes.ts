import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { compiledProgram } from './programs.ts'
import { createWatch, type Watch } from './watch.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A program under test. It gets dist where it imports `wallarx`. */
export interface Program {
  readonly process: ChildProcessWithoutNullStreams
  stdout(): string
  stderr(): string
  readonly hasEnded: () => boolean
  /** Waits for a condition that output changes; rejects with what the program said when it ends before. */
  readonly until: Watch['until']
  /** Resolves at the end, when all output has come: the exit code, or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
}

/** Starts Node with these arguments in the package's folder; kills it at the end of the test. */
export const startNode = (...args: string[]): Program => startProgramOf(process.execPath, ...args)

/** The same in a process group of its own, as a terminal makes one for a command; its number is that of the process. */
export const startGroup = (...args: string[]): Program => started(process.execPath, args, true)

/** Starts this file with these arguments in the package's folder; kills it at the end of the test. */
export const startProgramOf = (file: string, ...args: string[]): Program => started(file, args, false)

function started(file: string, args: readonly string[], detached: boolean): Program {
  const child = spawn(file, args, { cwd: root, detached })
  const watch = createWatch()
  let stdout = ''
  let stderr = ''
  let hasEnded = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    watch.changed()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    watch.changed()
  })
  child.stdin.on('error', () => undefined) // a program may end without reading it
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    hasEnded: () => hasEnded,
    until: (condition) =>
      watch.until(() => {
        if (condition()) return true
        if (hasEnded) throw new Error(`the program ended before that, and said: ${stdout}${stderr}`)
        return false
      }),
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => {
        hasEnded = true
        watch.changed()
        resolve(code ?? signal)
      })
    }),
  }
}

/** Starts a program that is given as the text of an ES module. */
export const startProgram = (text: string): Program => startNode('--input-type=module', '--eval', text)

/** Starts the example of a folder. */
export const startExample = (folder: string, ...args: string[]): Program =>
  startNode(compiledProgram(`examples/${folder}/main.ts`), ...args)
