import type { FileHandle } from 'node:fs/promises'
import type { Position } from '../../context/endpoint.ts'
import type { FileStream } from './stream.ts'

const chunkLength = 64 * 1024
/** So many bytes are read again with each chunk: they must be what they were. */
export const longestOverlap = 64

/** Reads an open file on, some 64 KiB at a time, as long as what lies before that is what it was. */
export class FileReader {
  readonly #handle: FileHandle
  /** The next byte. */
  at: Position
  /** The bytes before it, as far as some were read. */
  #last = Buffer.alloc(0)

  constructor(handle: FileHandle, at: Position) {
    this.#handle = handle
    this.at = at
  }

  /** Reads what lies before, so that a change of it is noticed from now on. */
  async lookBack(): Promise<void> {
    const before = Buffer.alloc(Math.min(longestOverlap, this.at))
    const { bytesRead } = await this.#handle.read(before, 0, before.length, this.at - before.length)
    this.#last = before.subarray(0, bytesRead)
  }

  /** The next bytes, and before them those that were read again; `undefined`: there are none. For `take`. */
  async read(): Promise<Buffer | 'changed' | undefined> {
    const overlap = this.#last.length
    const buffer = Buffer.allocUnsafeSlow(overlap + chunkLength)
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.at - overlap)
    if (bytesRead < overlap || this.#last.compare(buffer, 0, overlap) !== 0) return 'changed'
    return bytesRead === overlap ? undefined : buffer.subarray(0, bytesRead)
  }

  /** Goes on behind what was read; the part that is new. */
  take(bytes: Buffer): Buffer {
    const overlap = this.#last.length
    this.at += bytes.length - overlap
    this.#last = Buffer.from(bytes.subarray(-longestOverlap))
    return bytes.subarray(overlap)
  }
}

/** Hands over what lies before `to`, as far as it is wanted. */
export async function readHead(file: FileHandle, to: Position, head: ReturnType<FileStream['head']>): Promise<void> {
  if (head === undefined) return
  for (let at = 0; at < to;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(chunkLength, to - at)), 0, undefined, at)
    if (bytesRead === 0 || head(buffer.subarray(0, bytesRead))) return
    at += bytesRead
  }
}
