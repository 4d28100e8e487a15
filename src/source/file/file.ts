import type { Observable } from 'rxjs'
import { invalidOption, knownOptions } from '../../base/option.ts'
import { checkFraming } from '../../framing/framer.ts'
import type { Framing } from '../../framing/framing.ts'
import { createSource } from '../source.ts'
import { decompressorFor } from './archive.ts'
import { followFile } from './follow/followFile.ts'
import { fileSetOf } from './list.ts'
import { readFile } from './read.ts'
import { readFiles } from './several.ts'

/** Which file `fileSource` reads, or which files, and how. */
export interface FileSourceOptions {
  /**
   * The file, or `'-'` for standard input. Several files of one directory: the directory with a slash at its end, or a
   * pattern whose last part has `*` (any characters) or `?` (any one). What ends with `.gz`, or `.zst` since Node
   * 22.15, is decompressed.
   */
  readonly path: string
  readonly framing: Framing
  /** The longest frame accepted, in bytes without header or delimiter. Default: 1 MiB */
  readonly maxFrameLength?: number
  /**
   * Does not complete at the end, but goes on as the file grows, and with the one that takes its place when it is
   * rotated; of several files, also with those that are added. Default: `false`
   */
  readonly follow?: boolean
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
 * Emits the frames of a file, of several ones after each other, or of standard input, and completes at the end. Reads
 * 64 KiB at a time, and nothing while the pipeline is held.
 *
 * Under a `run` with a store it goes on at its position in the last checkpoint, if the file is the one it was there:
 * what lies before the position is recognised by its first and its last 16 KiB, whatever the name, age and length of
 * the file are. A file that was appended to, or copied back from a backup, is the same; one that was replaced, cut off
 * before the position, or written anew is not, and nothing of it is processed. The same holds while it is read.
 *
 * With `follow` it does not complete. A file that is rotated, by renaming or by being copied and truncated, is read to
 * its end, then those that came between, then the one at the path; also where that happened while nothing ran, as long
 * as they are in the same directory and not compressed. Where bytes may be missing it is `SOURCE_CHANGED`.
 *
 * Several files are read in the order of their names (UTF-16 code units: `10` before `9`), then those that were added
 * meanwhile. Each is known by its name, has a position of its own, `NAME/FILE` in status and on disk, and is an origin
 * of event time. Directories in the directory, and names that begin with a dot, are left out.
 *
 * Fails with `SOURCE_FAILED` (no such file, none that matches, no permission, a directory, a FIFO), `SOURCE_CHANGED`,
 * `ARCHIVE_DAMAGED`, `FRAME_TOO_LONG`, `FRAME_HEADER_INVALID` and `FRAME_CUT_OFF`. A text file wants `lines()`, whose
 * last line may lack its end. With `follow`, a file that is not there yet is
 * waited for, in a directory that is. Of several files, one that cannot be cut ends alone.
 *
 * @example
 * ```ts
 * import { delimited, fileSource, lines } from 'wallarx'
 *
 * const licence = fileSource({ path: 'LICENSE', framing: lines() })
 * assert.match(String(await lastValueFrom(licence)), /limitations under the License/)
 *
 * // Goes on as the file grows, until it is unsubscribed from or its run stops.
 * const growing = fileSource({ path: 'package.json', framing: delimited('\n'), follow: true })
 * assert.equal(String(await firstValueFrom(growing)), '{')
 * ```
 */
export function fileSource(options: FileSourceOptions): Observable<Buffer> {
  const known = { path: true, framing: true, maxFrameLength: true, follow: true, onChange: true, name: true } as const
  knownOptions('fileSource', options, known)
  const { path, framing, maxFrameLength, follow = false, onChange = 'stop', name = `file ${path}` } = options
  if (typeof path !== 'string' || path === '') throw invalidOption('path', 'the path of a file, or - for stdin', path)
  if (onChange !== 'stop' && onChange !== 'restart') throw invalidOption('onChange', "'stop' or 'restart'", onChange)
  if (typeof follow !== 'boolean') throw invalidOption('follow', 'true or false', follow)
  checkFraming(framing, maxFrameLength)
  const files = fileSetOf(path)
  const isArchive = decompressorFor(path) !== undefined
  if (follow && path === '-') throw invalidOption('follow', 'a file; standard input ends when it ends', follow)
  if (follow && isArchive && files === undefined)
    throw invalidOption('follow', 'a file; an archive does not grow', follow)
  const all = { path, name, framing, maxFrameLength, onChange }
  return createSource<Buffer>({ name, kind: 'file', awaited: files === undefined }, (subscription) => {
    if (files !== undefined) return readFiles({ ...all, files, follow }, subscription)
    return follow ? followFile(all, subscription) : readFile(all, subscription)
  })
}
