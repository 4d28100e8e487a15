import { statfs } from 'node:fs/promises'
import { WallarxError, type Where } from '../base/errors.ts'
import { shown } from '../base/shown.ts'

/** What `action` gives; what it throws as a `STORE_FAILED`, unless it has a code already. */
export async function asStoreFailure<T>(expected: string, where: Where, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (cause instanceof WallarxError) throw cause
    throw new WallarxError('STORE_FAILED', { expected, got: shown(cause), where, cause })
  }
}

/** An error, and that the disk is full if it is: LMDB calls that an input/output error. */
export async function withFullDisk(cause: unknown, directory: string): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(directory)
    const free = bavail * bsize
    return free < 32 * 2 ** 20 ? `${shown(cause)}, with ${free} bytes free on the disk` : shown(cause)
  } catch {
    return shown(cause)
  }
}
