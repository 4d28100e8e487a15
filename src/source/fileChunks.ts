import { constants } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { WallarxError } from '../base/errors.ts'
import { bytesBefore, createPassedBytes, type PassedBytes } from '../base/fingerprint.ts'
import type { Fingerprint, Position } from '../context/endpoint.ts'

export interface FileChunksOptions {
  readonly path: string
  readonly from: Position
  /** Of `from`. */
  readonly fingerprint: Fingerprint | undefined
  /** Where the file is another one: an error, or `restarted` is called and its chunks come from its start. */
  readonly onChange: 'stop' | 'restart'
  /** Given what lies before `from`, from the start of the file on, until it returns `true`. Default: nobody wants it */
  readonly head: ((chunk: Buffer) => boolean) | undefined
  /** No further chunk is wanted. */
  readonly signal: AbortSignal
  /** Called once, with what lies before the first chunk. */
  readonly opened: (before: PassedBytes) => void
  /** The next chunk will be the first of the file, which is not that of the ones before; told what was found. */
  readonly restarted: (found: string) => void
  /** Called before the end where the path does not lead to the file that was read any more. */
  readonly replaced: () => void
}

const chunkLength = 64 * 1024
/** So many bytes are read again with each chunk: they must be what they were. */
const longestOverlap = 64

/**
 * Reads a file from a position to its end, some 64 KiB at a time, as long as it is the file it was. Fails with
 * `SOURCE_CHANGED`, `SOURCE_FAILED` for what is no file with positions, and what the system says.
 */
export async function* fileChunks(options: FileChunksOptions): AsyncGenerator<Buffer, void> {
  const { path, from, fingerprint, onChange, head, signal, opened, restarted, replaced } = options
  const file = await openFile(path)

  const changed = (position: Position, found: string): void => {
    if (onChange === 'stop') throw sourceChanged(path, position, found)
    restarted(found)
  }

  try {
    let at = from
    let before = await bytesBefore(file, from, fingerprint)
    if (typeof before === 'string') {
      changed(from, before)
      at = 0
      before = createPassedBytes()
    }
    if (at > 0 && head !== undefined) await readHead(file, at, head)
    opened(before)
    let last = Buffer.alloc(0) // the bytes before `at`, if some were read
    while (!signal.aborted) {
      const overlap = last.length
      const buffer = Buffer.allocUnsafeSlow(overlap + chunkLength)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at - overlap)
      if (bytesRead < overlap || last.compare(buffer, 0, overlap) !== 0) {
        const { size } = await file.stat()
        changed(at, size < at ? `a file of ${size} bytes` : 'other bytes there')
        at = 0
        last = Buffer.alloc(0)
        continue
      }
      if (bytesRead === overlap) break
      at += bytesRead - overlap
      last = Buffer.from(buffer.subarray(Math.max(0, bytesRead - longestOverlap), bytesRead))
      yield buffer.subarray(overlap, bytesRead)
    }
    if (!signal.aborted && !(await leadsTo(path, file))) replaced()
  } finally {
    await file.close()
  }
}

/** Hands over what lies before `to`, until no more is wanted. */
async function readHead(file: FileHandle, to: Position, head: (chunk: Buffer) => boolean): Promise<void> {
  for (let at = 0; at < to;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(chunkLength, to - at)), 0, undefined, at)
    if (bytesRead === 0 || head(buffer.subarray(0, bytesRead))) return
    at += bytesRead
  }
}

/** Does not wait for who writes to a FIFO. */
async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const kind = await file.stat()
  if (!kind.isFIFO() && !kind.isSocket()) return file
  await file.close()
  throw new WallarxError('SOURCE_FAILED', {
    expected: `a file at ${path}`,
    got: `a ${kind.isFIFO() ? 'FIFO' : 'socket'}, which has no positions; standard input (path: '-') needs none`,
  })
}

async function leadsTo(path: string, file: FileHandle): Promise<boolean> {
  try {
    const [there, read] = await Promise.all([stat(path), file.stat()])
    return there.ino === read.ino && there.dev === read.dev
  } catch {
    return false
  }
}

function sourceChanged(path: string, position: Position, found: string): WallarxError {
  return new WallarxError('SOURCE_CHANGED', {
    expected: `${path} to have what it had before byte ${position}, up to which it is processed`,
    got:
      `${found}: it is another file, or was written anew; put the one that it was back, or begin at the start of ` +
      `this one with onChange: 'restart'`,
  })
}
