import type { Bytes } from '#platform'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { backlogOptions, checkBacklog, type BacklogOptions } from './backlog.ts'
import { WallarxError } from '../base/errors.ts'
import { bytesBefore, createPassedBytes, type PassedBytes } from '../base/fingerprint.ts'
import { invalidOption, knownOptions } from '../base/option.ts'
import { shown } from '../base/shown.ts'
import type { Position } from '../context/endpoint.ts'
import { sequentialWriter, type ByteTarget } from './sequentialWriter.ts'
import type { ByteSink, SinkContext } from './sink.ts'
import { writableTarget } from './writableTarget.ts'

/** Which file `fileSink` writes, and how. */
export interface FileSinkOptions extends BacklogOptions {
  /** The file, or `'-'` for standard output. */
  readonly path: string
  /**
   * Adds to a file that is there. Default: `false`, the file is emptied first. Neither where a checkpoint has a
   * position
   */
  readonly append?: boolean
  /**
   * Text that the file begins with, such as the `head` of `csv`; written where nothing is in the file, and
   * to standard output at each start. Default: none
   */
  readonly head?: string
  /** Default: `file PATH` */
  readonly name?: string
}

/**
 * Writes to a file, which it makes or empties, or to standard output. After a crash of this process the file may lack
 * what was not yet handed to the operating system, and end in the middle of a message. Under a `run` with a store, the
 * next start cuts it back to where the last checkpoint says it was, so that each output stands there once; with
 * `append` too, as nothing is written before the first checkpoint has the length of the file that was found. It does so
 * only with the file that was written: what lies before the position is recognised by its first and its last 16 KiB.
 *
 * Fails the pipeline with `SINK_FAILED` (no such directory, no permission, disk full), `BUFFER_OVERFLOW`, and
 * `SINK_CHANGED` where the file is not the one that was written up to the position in the checkpoint: it is left as it
 * is. Put that one back, or begin anew under another name (option `name`).
 *
 * @example
 * ```ts
 * import { fileSink } from 'wallarx'
 *
 * assert.equal(fileSink({ path: 'counts.txt' }).name, 'file counts.txt')
 * ```
 */
export function fileSink(options: FileSinkOptions): ByteSink {
  const known = { path: true, append: true, head: true, name: true, ...backlogOptions } as const
  const { path, append = false, head = '', name = `file ${path}` } = knownOptions('fileSink', options, known)
  if (typeof path !== 'string' || path === '') throw invalidOption('path', 'the path of a file, or - for stdout', path)
  if (typeof head !== 'string') throw invalidOption('head', 'a text', head)
  checkBacklog(options)
  return {
    name,
    kind: 'file',
    acceptsText: true,
    delivery: path === '-' ? 'at least once' : 'exactly once',
    open: (context) => {
      const bytes = Buffer.from(head)
      if (path !== '-') return sequentialWriter(name, fileTarget(path, append, bytes, context), options, context)
      const writer = sequentialWriter(name, writableTarget(process.stdout, { end: false }), options, context)
      if (head !== '') writer.write(head)
      return writer
    },
  }
}

function fileTarget(path: string, append: boolean, head: Bytes, context: SinkContext): ByteTarget {
  let position = 0
  let passed: PassedBytes | undefined // none where the file may not be read
  const writeTo = async (file: FileHandle, bytes: Bytes): Promise<void> => {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, at)
      passed?.pass(bytes.subarray(at, at + bytesWritten), position)
      at += bytesWritten
      position += bytesWritten
    }
  }
  const opened = openAt(path, append, context).then(async (found) => {
    const { file } = found
    ;({ position, passed } = found)
    try {
      if (position === 0) await writeTo(file, head)
    } catch (error) {
      await file.close()
      throw error
    }
    return file
  })
  return {
    opened,
    async write(bytes) {
      await writeTo(await opened, bytes)
    },
    async position() {
      await opened
      return position
    },
    fingerprint: () => passed?.fingerprint(position),
    async close() {
      await (await opened).close()
    },
    abort() {
      void opened.then((file) => file.close()).catch(() => undefined)
    },
  }
}

interface OpenFile {
  readonly file: FileHandle
  readonly position: Position
  readonly passed: PassedBytes | undefined
}

/** Opens the file where writing goes on: cut back to the position in the checkpoint, at its end, or emptied. */
async function openAt(path: string, append: boolean, context: SinkContext): Promise<OpenFile> {
  const { restored } = context
  const file = await openToWrite(path, append, restored)
  try {
    const { size } = await file.stat()
    const position = restored ?? size
    if (size < position) throw sinkChanged(path, position, `a file of ${size} bytes`)
    const passed = await passedBefore(path, position, context)
    if (size > position) await file.truncate(position)
    return { file, position, passed }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openToWrite(path: string, append: boolean, restored: Position | undefined): Promise<FileHandle> {
  if (restored === undefined || restored === 0) return open(path, append || restored === 0 ? 'a' : 'w')
  try {
    // It is not made, and a FIFO in its place is not waited for.
    return await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw sinkChanged(path, restored, 'no such file', error)
  }
}

/** What is in the file before the position, if it is the file that it was; `undefined` where it may not be read. */
async function passedBefore(
  path: string,
  position: Position,
  { fingerprint, warn }: SinkContext,
): Promise<PassedBytes | undefined> {
  if (position === 0) return createPassedBytes()
  const file = await open(path, 'r').catch((error: unknown) => {
    if (fingerprint === undefined) return
    warn(`${path} is not checked to be the file that was written: ${shown(error)}`, 'SINK_NOT_CHECKED')
  })
  if (file === undefined) return undefined
  try {
    const passed = await bytesBefore(file, position, fingerprint)
    if (typeof passed === 'string') throw sinkChanged(path, position, passed)
    return passed
  } finally {
    await file.close()
  }
}

function sinkChanged(path: string, position: Position, found: string, cause?: unknown): WallarxError {
  return new WallarxError('SINK_CHANGED', {
    expected: `${path} to begin with the ${position} bytes that were written to it up to the last checkpoint`,
    got:
      `${found}: it is another file, or somebody else has changed it, and it is left as it is; put the one that it ` +
      'was back, or begin anew under another name (option name)',
    cause,
  })
}
