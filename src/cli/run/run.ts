/* `wallarx run`: an application that is one file, which exports its pipelines. */

import type { Command } from '../command.ts'
import { Failure } from '../failure.ts'
import { runOptionsOf } from './application.ts'
import { loadModule, wallarxOf } from './load.ts'
import { help, parse } from './options.ts'

/** `wallarx run` */
export const run: Command = {
  name: 'run',
  summary: 'runs an application that is one file',
  help,
  run: runFile,
}

async function runFile(args: readonly string[]): Promise<number> {
  const given = parse(args)
  const { path } = given
  try {
    const module = await loadModule(path)
    const wallarx = await wallarxOf(path)
    const running = await wallarx.run(runOptionsOf(module, given, wallarx))
    await running.closed
  } catch (error) {
    if (isClosedPipe(error)) return 0
    throw told(error, path)
  }
  return 0
}

/** An error of any copy of the package. */
interface Told {
  readonly name: string
  readonly kind?: string
  readonly message: string
  readonly cause?: unknown
}

/** Whether whoever reads our standard output, such as head, has seen enough. */
const isClosedPipe = (error: unknown): boolean =>
  ((error as Partial<Told> | undefined)?.cause as NodeJS.ErrnoException | undefined)?.code === 'EPIPE'

/** What a user can mend, in a line; what the user's own code threw as it is, with its stack. */
function told(error: unknown, path: string): unknown {
  const { name, kind, message } = (error ?? {}) as Partial<Told>
  return name === 'WallarxError' && kind !== 'user code' ? new Failure(`${path}: ${message ?? ''}`) : error
}
