import { bytesBefore, createPassedBytes, type PassedBytes } from '../../base/fingerprint.ts'
import type { Fingerprint, Position } from '../../context/endpoint.ts'
import { leadsTo, openFile, sourceChanged } from './open.ts'
import { FileReader, readHead } from './reader.ts'
import type { FileStream } from './stream.ts'

export interface FileChunksOptions {
  readonly path: string
  readonly from: Position
  /** Of `from`. */
  readonly fingerprint: Fingerprint | undefined
  /** Where the file is another one: an error, or `restarted` is called and its chunks come from its start. */
  readonly onChange: 'stop' | 'restart'
  /** No further chunk is wanted. */
  readonly signal: AbortSignal
  /** Called once, with what lies before the first chunk, and its position. */
  readonly opened: (before: PassedBytes, at: Position) => void
  /** What wants to be told then what lies before the first chunk. */
  readonly head: FileStream['head']
  /** The next chunk will be the first of the file, which is not that of the ones before; told what was found. */
  readonly restarted: (found: string) => void
  /** Called before the end where the path does not lead to the file that was read any more. */
  readonly replaced: () => void
}

/**
 * Reads a file from a position to its end, some 64 KiB at a time, as long as it is the file it was. Fails with
 * `SOURCE_CHANGED`, `SOURCE_FAILED` for what is no file with positions, and what the system says.
 */
export async function* fileChunks(options: FileChunksOptions): AsyncGenerator<Buffer, void> {
  const { path, from, fingerprint, onChange, signal, opened, head, restarted, replaced } = options
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
    opened(before, at)
    await readHead(file, at, head())
    let reader = new FileReader(file, at)
    while (!signal.aborted) {
      const bytes = await reader.read()
      if (bytes === 'changed') {
        const { size } = await file.stat()
        changed(reader.at, size < reader.at ? `a file of ${size} bytes` : 'other bytes there')
        reader = new FileReader(file, 0)
      } else if (bytes === undefined) break
      else yield reader.take(bytes)
    }
    if (!signal.aborted && !(await leadsTo(path, file))) replaced()
  } finally {
    await file.close()
  }
}
