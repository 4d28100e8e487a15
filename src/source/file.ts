import type { Observable } from 'rxjs'
import { failureOf } from '../base/errors.ts'
import { createPassedBytes, type PassedBytes } from '../base/fingerprint.ts'
import { invalidOption, knownOptions } from '../base/option.ts'
import { checkFraming } from '../framing/framer.ts'
import type { Framing } from '../framing/framing.ts'
import type { Position } from '../context/endpoint.ts'
import { fileChunks } from './fileChunks.ts'
import { pull } from './pull.ts'
import { readableChunks } from './readableChunks.ts'
import { createSource } from './source.ts'
import { createStreamFramer } from '../framing/streamFramer.ts'

/** Which file `fileSource` reads, and how. */
export interface FileSourceOptions {
  /** The file, or `'-'` for standard input. */
  readonly path: string
  readonly framing: Framing
  /** The longest frame accepted, in bytes without header or delimiter. Default: 1 MiB */
  readonly maxFrameLength?: number
  /**
   * What is done where the file is another one than that in which it has been read to a position: `'stop'` fails with
   * `SOURCE_CHANGED`; `'restart'` begins at the start of the file that is there, with a line in the log. What the other
   * one had behind the position is not processed then. Default: `'stop'`
   */
  readonly onChange?: 'stop' | 'restart'
  /** Default: `file PATH` */
  readonly name?: string
}

/**
 * Emits the frames of a file, or of standard input, and completes at its end. Reads 64 KiB at a time, and nothing while
 * the pipeline is held.
 *
 * Under a `run` with a store it goes on at its position in the last checkpoint, if the file is the one it was there:
 * what lies before the position is recognised by its first and its last 16 KiB, whatever the name, age and length of
 * the file are. A file that was appended to, or copied back from a backup, is the same; one that was replaced, cut off
 * before the position, or written anew is not, and nothing of it is processed. The same holds while it is read.
 *
 * Fails with `SOURCE_FAILED` (no such file, no permission, a directory, a FIFO), `SOURCE_CHANGED`, `FRAME_TOO_LONG`,
 * `FRAME_HEADER_INVALID` and `FRAME_CUT_OFF`. A text file wants `lines()`, whose last line may lack its end.
 *
 * @example
 * ```ts
 * import { fileSource, lines } from 'wallarx'
 *
 * const licence = fileSource({ path: 'LICENSE', framing: lines() })
 * assert.match(String(await lastValueFrom(licence)), /limitations under the License/)
 * ```
 */
export function fileSource(options: FileSourceOptions): Observable<Buffer> {
  const known = { path: true, framing: true, maxFrameLength: true, onChange: true, name: true } as const
  knownOptions('fileSource', options, known)
  const { path, framing, maxFrameLength, onChange = 'stop', name = `file ${path}` } = options
  if (typeof path !== 'string' || path === '') throw invalidOption('path', 'the path of a file, or - for stdin', path)
  if (onChange !== 'stop' && onChange !== 'restart') throw invalidOption('onChange', "'stop' or 'restart'", onChange)
  checkFraming(framing, maxFrameLength)
  return createSource<Buffer>({ name, kind: 'file' }, (subscription) => {
    const { output, context, origin, opened, meter, restored = 0, fingerprint, positionFrom } = subscription
    const where = { pipeline: context.pipeline, source: name }
    const newFramer = (from: Position) => createStreamFramer({ framing, maxFrameLength, from, where }, output, context)
    let framer = newFramer(restored)
    let read = restored // bytes of the file that were handed to the framer, or lie before them
    let passed: PassedBytes | undefined // of the file, once it is open
    const position = (): Position => read - framer.pending()

    const chunksOfFile = (signal: AbortSignal): AsyncIterator<Buffer> =>
      fileChunks({
        path,
        from: restored,
        fingerprint,
        onChange,
        head: framer.head,
        signal,
        opened(before) {
          passed = before
          opened()
        },
        restarted(found) {
          const torn = framer.pending()
          const lost = torn === 0 ? '' : `; ${torn} bytes of a frame that was not whole are left out`
          const what = `begins at the start of ${path}, which is another file (${found})${lost}`
          context.report.warn(`${name}: ${what}`, 'SOURCE_REPLACED', { source: name })
          framer.stop()
          framer = newFramer(0)
          read = 0
          passed = createPassedBytes()
        },
        replaced() {
          if (context.pipeline === undefined) return
          context.report.warn(
            `${name}: at ${path} there is another file now, or none; the one that was there is read to its end`,
            'SOURCE_REPLACED',
            { source: name },
          )
        },
      })
    if (path !== '-') positionFrom(position, () => passed?.fingerprint(position()))
    const end = pull({
      context,
      origin,
      items: (signal) => (path === '-' ? (opened(), readableChunks(process.stdin, signal)) : chunksOfFile(signal)),
      next(chunk) {
        passed?.pass(chunk, position())
        read += chunk.length
        meter?.taken(chunk.length)
        framer.push(chunk)
        meter?.handedOver()
      },
      complete: () => {
        if (context.shutdown.stopping.aborted)
          output.complete() // a stop cuts no frame off: it leaves the rest unread
        else framer.end()
      },
      error: (cause) => {
        output.error(failureOf('SOURCE_FAILED', `to read ${path}`, cause, where))
      },
    })
    return () => {
      framer.stop()
      end()
    }
  })
}
