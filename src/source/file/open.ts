import { constants } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { WallarxError } from '../../base/errors.ts'
import type { Context } from '../../context/context.ts'
import type { Position } from '../../context/endpoint.ts'

/** Does not wait for who writes to a FIFO. */
export async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const kind = await file.stat()
  if (!kind.isFIFO() && !kind.isSocket() && !kind.isDirectory()) return file
  await file.close()
  throw new WallarxError('SOURCE_FAILED', {
    expected: `a file at ${path}`,
    got: kind.isDirectory()
      ? `a directory; ${path}/ is the path of the files in it`
      : `a ${kind.isFIFO() ? 'FIFO' : 'socket'}, which has no positions; standard input (path: '-') needs none`,
  })
}

/** Whether the path leads to the file that is open. */
export async function leadsTo(path: string, file: FileHandle): Promise<boolean> {
  try {
    const [there, read] = await Promise.all([stat(path), file.stat()])
    return there.ino === read.ino && there.dev === read.dev
  } catch {
    return false
  }
}

/** What `work` gives; `undefined` where what it asks for is not there. */
export async function ifThere<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function sourceChanged(path: string, position: Position, found: string): WallarxError {
  return new WallarxError('SOURCE_CHANGED', {
    expected: `${path} to have what it had before byte ${position}, up to which it is processed`,
    got:
      `${found}: it is another file, or was written anew; put the one that it was back, or begin at the start of ` +
      `this one with onChange: 'restart'`,
  })
}

/** Opens something beside what else goes on. A checkpoint waits for that, so as to have the positions that it finds. */
export function opening(context: Context, open: () => Promise<void>): Promise<void> {
  const { inFlight } = context.backPressure
  inFlight.enter()
  const done = open().finally(inFlight.leave)
  done.catch(() => undefined) // whoever reads is told
  return done
}
