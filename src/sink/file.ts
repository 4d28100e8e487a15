import { open, type FileHandle } from 'node:fs/promises'
import { checkBacklog, type BacklogOptions } from '../backlog.ts'
import { invalidOption } from '../errors.ts'
import type { Position } from '../position.ts'
import { sequentialWriter, type ByteTarget } from '../sequentialWriter.ts'
import type { ByteSink } from '../sink.ts'
import { writableTarget } from '../writableTarget.ts'

/** Which file `fileSink` writes, and how. */
export interface FileSinkOptions extends BacklogOptions {
  /** The file, or `'-'` for standard output. */
  readonly path: string
  /** Adds to a file that is there. Default: `false`, the file is emptied first. Neither where a checkpoint has a position */
  readonly append?: boolean
  /** Default: `file PATH` */
  readonly name?: string
}

/**
 * Writes to a file, which it makes or empties, or to standard output. After a crash of this process the file may lack what
 * was not yet handed to the operating system, and end in the middle of a message. Under a `run` with a store, the next start
 * cuts it back to where the last checkpoint says it was, so that each output stands there once; with `append` too, as nothing is
 * written before the first checkpoint has the length of the file that was found.
 *
 * Fails the pipeline with `SINK_FAILED` (no such directory, no permission, disk full) or `BUFFER_OVERFLOW`.
 *
 * @example
 * ```ts
 * import { fileSink } from 'wallarx'
 *
 * assert.equal(fileSink({ path: 'counts.txt' }).name, 'file counts.txt')
 * ```
 */
export function fileSink(options: FileSinkOptions): ByteSink {
  const { path, append = false, name = `file ${path}` } = options
  if (typeof path !== 'string' || path === '') throw invalidOption('path', 'the path of a file, or - for stdout', path)
  checkBacklog(options)
  return {
    name,
    acceptsText: true,
    delivery: path === '-' ? 'at least once' : 'exactly once',
    open: (context) => {
      const target =
        path === '-' ? writableTarget(process.stdout, { end: false }) : fileTarget(path, append, context.restored)
      return sequentialWriter(name, target, options, context)
    },
  }
}

function fileTarget(path: string, append: boolean, restored: Position | undefined): ByteTarget {
  let position = 0
  const opened = openAt(path, append, restored).then((found) => {
    position = found.position
    return found.file
  })
  return {
    opened,
    async write(bytes) {
      const file = await opened
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, at)
        at += bytesWritten
        position += bytesWritten
      }
    },
    async position() {
      await opened
      return position
    },
    async close() {
      await (await opened).close()
    },
    abort() {
      void opened.then((file) => file.close()).catch(() => undefined)
    },
  }
}

/** Opens the file where writing goes on: cut back to the position in the checkpoint, at its end, or emptied. */
async function openAt(
  path: string,
  append: boolean,
  restored: Position | undefined,
): Promise<{ file: FileHandle; position: Position }> {
  const file = await open(path, restored !== undefined || append ? 'a' : 'w')
  const { size } = await file.stat()
  const position = restored ?? size
  if (size < position) {
    await file.close()
    throw new RangeError(
      `${path} has ${size} bytes and the last checkpoint has written ${position}: it is not that file`,
    )
  }
  if (size > position) await file.truncate(position)
  return { file, position }
}
