import type * as Ws from 'ws'
import { WallarxError } from '../../base/errors.ts'

/** What of the package `ws` is used. */
export type Library = Pick<typeof Ws, 'WebSocket' | 'WebSocketServer'>

/** A value, not a literal in the import: compilers would look for what may not be installed. */
const packageName = 'ws' as string

/** Loads the package. Rejects with `PACKAGE_MISSING` where it is not installed. */
export async function importWs(load: () => Promise<unknown> = () => import(packageName)): Promise<Library> {
  try {
    return (await load()) as Library
  } catch (error) {
    const notThere = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
    throw new WallarxError('PACKAGE_MISSING', {
      expected: `the package ws, installed beside wallarx: npm install ${packageName}`,
      got: notThere ? 'none' : `one that cannot be loaded: ${(error as Error).message}`,
      cause: error,
    })
  }
}
