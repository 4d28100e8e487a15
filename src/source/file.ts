import { open } from 'node:fs/promises'
import type { Observable } from 'rxjs'
import { invalidOption, shown, WallarxError } from '../errors.ts'
import { checkFraming } from '../framer.ts'
import type { Framing } from '../framing.ts'
import type { Position } from '../position.ts'
import { pull } from '../pull.ts'
import { readableChunks } from '../readableChunks.ts'
import { createSource } from '../source.ts'
import { createStreamFramer } from '../streamFramer.ts'

/** Which file `fileSource` reads, and how. */
export interface FileSourceOptions {
  /** The file, or `'-'` for standard input. */
  readonly path: string
  readonly framing: Framing
  /** The longest frame accepted, in bytes without header or delimiter. Default: 1 MiB */
  readonly maxFrameLength?: number
  /** Default: `file PATH` */
  readonly name?: string
}

/**
 * Emits the frames of a file, or of standard input, and completes at its end. Reads 64 KiB at a time, and nothing while the
 * pipeline is held.
 *
 * Fails with `SOURCE_FAILED` (no such file, no permission), `FRAME_TOO_LONG`, `FRAME_HEADER_INVALID` and `FRAME_CUT_OFF`; a
 * text file whose last line may lack its newline wants `delimited('\n', { unterminated: 'frame' })`.
 *
 * @example
 * ```ts
 * import { delimited, fileSource } from 'wallarx'
 *
 * const lines = fileSource({ path: 'LICENSE', framing: delimited('\n', { unterminated: 'frame' }) })
 * assert.match(String(await lastValueFrom(lines)), /limitations under the License/)
 * ```
 */
export function fileSource(options: FileSourceOptions): Observable<Buffer> {
  const { path, framing, maxFrameLength, name = `file ${path}` } = options
  if (typeof path !== 'string' || path === '') throw invalidOption('path', 'the path of a file, or - for stdin', path)
  checkFraming(framing, maxFrameLength)
  return createSource<Buffer>(name, ({ output, context, opened, restored = 0, positionFrom }) => {
    const where = { pipeline: context.pipeline, source: name }
    const framer = createStreamFramer({ framing, maxFrameLength, where }, output, context)
    let read = restored // bytes of the file that were handed to the framer, or lie before them
    if (path !== '-') positionFrom(() => read - framer.pending())
    const end = pull({
      context,
      items: (signal) =>
        path === '-' ? (opened(), readableChunks(process.stdin, signal)) : fileChunks(path, restored, opened, signal),
      next(chunk) {
        read += chunk.length
        framer.push(chunk)
      },
      complete: () => {
        if (context.stopping.aborted)
          output.complete() // a stop cuts no frame off: it leaves the rest unread
        else framer.end()
      },
      error: (cause) => {
        output.error(
          new WallarxError('SOURCE_FAILED', { expected: `to read ${path}`, got: shown(cause), where, cause }),
        )
      },
    })
    return () => {
      framer.stop()
      end()
    }
  })
}

const chunkLength = 64 * 1024

async function* fileChunks(
  path: string,
  from: Position,
  opened: () => void,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    opened()
    for (let at = from; !signal.aborted;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(chunkLength), 0, chunkLength, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
