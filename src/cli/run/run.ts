/* `wallarx run`: an application that is one file, which exports its pipelines. */

import type { Command } from '../command.ts'
import { Failure } from '../failure.ts'
import { runOptionsOf } from './application.ts'
import { loadModule, wallarxOf, type Exports } from './load.ts'
import { help, parse } from './options.ts'

/** `wallarx run` */
export const run: Command = {
  help,
  run: runFile,
}

async function runFile(args: readonly string[]): Promise<number> {
  const given = parse(args)
  const { path } = given
  let module: Exports
  try {
    module = await loadModule(path)
  } catch (error) {
    return failed(error, `${path} failed while it was loaded`)
  }
  const wallarx = await wallarxOf(path)
  const options = runOptionsOf(module, given, wallarx)
  try {
    const running = await wallarx.run(options)
    await running.closed
  } catch (error) {
    if (!isClosedPipe(error)) return failed(error, path)
  }
  return 0
}

/** What a user can mend is thrown as `Failure`; what the module's own code threw is told with its stack. */
function failed(error: unknown, what: string): number {
  if (error instanceof Failure) throw error
  const { name, kind, message, cause } = (error ?? {}) as Partial<Told>
  if (name === 'WallarxError' && kind !== 'user code') throw new Failure(`${what}: ${message ?? ''}`)
  const isOurs = name === 'WallarxError'
  console.error(`wallarx run: ${what}:${isOurs ? ` ${message ?? ''}` : ''}`)
  console.error(isOurs ? cause : error)
  return 1
}

/** An error of any copy of the package. */
interface Told {
  readonly name: string
  readonly kind: string
  readonly message: string
  readonly cause: unknown
}

/** Whether whoever reads our standard output, such as head, has seen enough. */
const isClosedPipe = (error: unknown): boolean =>
  ((error as Partial<Told> | undefined)?.cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE'
