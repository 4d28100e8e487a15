import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { run } from '../../run/run.ts'
import { lmdbStore } from '../../store/lmdb/lmdbStore.ts'
import { Failure } from '../failure.ts'

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>

/** What of the package it takes to run a module. */
export interface Wallarx {
  readonly run: typeof run
  readonly lmdbStore: typeof lmdbStore
}

/** Loads a module of the user's. Throws `Failure` where it or what runs it is missing, and what it throws. */
export async function loadModule(path: string): Promise<Exports> {
  const file = resolve(path)
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) throw new Failure(`there is no file "${path}". Check the path`)
  if (!found.isFile()) throw new Failure(`"${path}" is no file. Name a module, such as app.ts`)
  if (/\.[cm]?tsx?$/.test(file)) await acceptTypeScript(file, path)
  try {
    return (await import(pathToFileURL(file).href)) as Exports
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const [message] = String((error as Error | undefined)?.message).split('\n') // Node may go on with advice
    if (code === 'ERR_MODULE_NOT_FOUND') throw new Failure(`${path} imports what is not there: ${message!}`)
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION') throw new Failure(`"${path}" is no module that Node runs: ${message!}`)
    if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
      throw new Failure(`${path} has TypeScript that Node cannot strip: ${message!}. npm install --save-dev tsx`)
    }
    throw error
  }
}

/**
 * The package that the module gets when it imports `wallarx`: another copy of it than this one, which a command that is
 * installed elsewhere would be, would not know its pipelines.
 */
export async function wallarxOf(path: string): Promise<Wallarx> {
  let entry: string
  try {
    entry = createRequire(resolve(path)).resolve('wallarx')
  } catch {
    return { run, lmdbStore } // it does without: plain Observables
  }
  return (await import(pathToFileURL(entry).href)) as Wallarx
}

async function acceptTypeScript(file: string, path: string): Promise<void> {
  let tsx: string
  try {
    tsx = createRequire(file).resolve('tsx')
  } catch {
    if (stripsTypes()) return
    throw new Failure(
      `${path} is TypeScript, which Node ${process.versions.node} does not run by itself: ` +
        'npm install --save-dev tsx, or use Node 22.18 or newer, or compile it',
    )
  }
  await import(pathToFileURL(tsx).href) // as node --import tsx does
}

const stripsTypes = (): boolean => (process.features as { readonly typescript?: unknown }).typescript !== undefined
