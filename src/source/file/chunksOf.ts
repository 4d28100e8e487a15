import type { PassedBytes } from '../../base/fingerprint.ts'
import type { Context } from '../../context/context.ts'
import type { Fingerprint, Position } from '../../context/endpoint.ts'
import type { Framing } from '../../framing/framing.ts'
import { archiveChunks, decompressorFor } from './archive.ts'
import { fileChunks } from './chunks.ts'
import type { FileStream } from './stream.ts'

/** How files are read. */
export interface ReadOptions {
  readonly path: string
  /** Of the source. */
  readonly name: string
  readonly framing: Framing
  readonly maxFrameLength: number | undefined
  readonly onChange: 'stop' | 'restart'
}

export interface StreamChunksOptions extends Pick<ReadOptions, 'path' | 'name' | 'onChange'> {
  readonly restored: Position | undefined
  /** Of `restored`. */
  readonly fingerprint?: Fingerprint | undefined
  readonly stream: FileStream
  readonly context: Context
  /** No further chunk is wanted. */
  readonly signal: AbortSignal
  /** Called once. */
  readonly opened: () => void
}

/** What a file has, or an archive has in it, from a position to its end, for its stream. */
export function chunksOf(options: StreamChunksOptions): AsyncGenerator<Buffer, void> {
  const { path, name, restored: from = 0, stream, context, opened } = options
  const decompress = decompressorFor(path)
  const all = {
    ...options,
    from,
    fingerprint: options.fingerprint,
    opened(before: PassedBytes, at: Position) {
      stream.begin(before, at)
      opened()
    },
    head: stream.head,
    restarted: stream.restart,
    replaced() {
      if (context.pipeline === undefined) return
      context.report.warn(
        `${name}: at ${path} there is another file now, or none; the one that was there is read to its end`,
        'SOURCE_REPLACED',
        { source: name },
      )
    },
  }
  return decompress === undefined ? fileChunks(all) : archiveChunks(all, decompress)
}
