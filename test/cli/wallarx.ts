import { startNode, type Program } from '../support/processes.ts'

/** Starts the command. */
export const wallarx = (...args: string[]): Program => startNode('dist/src/cli/wallarx.js', ...args)

/** Starts `wallarx receive` on a free port; resolves once it listens. */
export async function startReceiver(...args: string[]): Promise<Program & { readonly address: string }> {
  const program = wallarx('receive', '127.0.0.1:0', ...args)
  await program.until(() => program.hasEnded() || program.stderr().includes('\n'))
  const address = /listening on (\S+)\n/.exec(program.stderr())?.[1]
  if (address === undefined) throw new Error(`it does not listen\n${program.stderr()}`)
  return { ...program, address }
}
