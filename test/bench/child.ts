import { fork } from 'node:child_process'
import { basename, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compiledProgram } from '../support/programs.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A process of the benchmarks that answers questions, one at a time. */
export interface Child {
  readonly pid: number
  ask<Answer>(question: string, ...details: unknown[]): Promise<Answer>
  /** Ends it. Idempotent. */
  stop(): Promise<void>
}

export interface Question {
  readonly question: string
  readonly details: readonly unknown[]
}

export type Answer = { readonly answer: unknown } | { readonly failure: string }

/** Starts a program of `processes/`. */
export function startChild(program: URL, args: readonly string[] = [], flags: readonly string[] = []): Child {
  const path = fileURLToPath(program)
  const isCompiled = path.endsWith('.js') // so is what a compiled program starts
  const child = fork(isCompiled ? path : compiledProgram(relative(root, path)), args, {
    execArgv: [...flags],
    serialization: 'advanced',
  })
  const what = [basename(path), ...args].join(' ')
  let asked: { resolve(answer: unknown): void; reject(error: Error): void } | undefined
  let ended = false
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true
      asked?.reject(new Error(`${what} ended: ${signal ?? code ?? '?'}`))
      resolve()
    })
  })
  child.on('message', (answer: Answer) => {
    const { resolve, reject } = asked!
    asked = undefined
    if ('failure' in answer) reject(new Error(`${what}: ${answer.failure}`))
    else resolve(answer.answer)
  })
  return {
    pid: child.pid!,
    ask: (question, ...details) =>
      new Promise((resolve, reject) => {
        if (ended || asked !== undefined) throw new Error(`${what} cannot take a question now`)
        asked = { resolve: resolve, reject }
        child.send({ question, details } satisfies Question)
      }),
    async stop() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
