import { createReadStream } from 'node:fs'
import { pipeline, type Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { WallarxError } from '../../base/errors.ts'
import { createPassedBytes, type PassedBytes } from '../../base/fingerprint.ts'
import { invalidOption } from '../../base/option.ts'
import type { FileChunksOptions } from './chunks.ts'
import { openFile, sourceChanged } from './open.ts'

type Decompress = (options: { readonly chunkSize: number }) => Transform & { readonly bytesWritten: number }

/** The decompressor for a file of this name; `undefined`: it is no archive. Throws where this Node has none. */
export function decompressorFor(path: string): Decompress | undefined {
  if (path.endsWith('.gz')) return zlib.createGunzip
  if (!path.endsWith('.zst')) return undefined
  const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: Decompress } // since Node 22.15
  if (createZstdDecompress !== undefined) return createZstdDecompress
  throw invalidOption(
    'path',
    `no .zst file before Node 22.15, whose zlib reads them (this is ${process.version})`,
    path,
  )
}

const chunkLength = 64 * 1024

/** An archive ends before its end: who makes it may be at work. */
export const isCutOff = (error: unknown): boolean =>
  error instanceof WallarxError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'Z_BUF_ERROR'

/**
 * What is in an archive, from a position in it to its end. It is decompressed from its start, whatever the position is.
 * Fails with `ARCHIVE_DAMAGED`, otherwise as `fileChunks`.
 */
export async function* archiveChunks(options: FileChunksOptions, decompress: Decompress): AsyncGenerator<Buffer, void> {
  const { path, from, fingerprint, onChange, signal, opened, head, restarted } = options
  const chunks = decompressed(path, decompress, signal)
  try {
    const passed = createPassedBytes()
    let at = 0
    let rest: Buffer | undefined
    while (at < from) {
      const { value, done } = await chunks.next()
      if (done === true) break
      const some = value.subarray(0, from - at)
      passed.pass(some, at)
      at += some.length
      rest = value.subarray(some.length)
    }
    if (signal.aborted) return
    const changed = at < from ? `an archive of ${at} bytes` : isOther(passed, from, fingerprint)
    if (changed === undefined) {
      opened(passed, from)
      await readArchiveHead(decompressed(path, decompress, signal), from, head())
      if (rest !== undefined && rest.length > 0) yield rest
      yield* chunks
      return
    }
    if (onChange === 'stop') throw sourceChanged(path, from, changed)
    restarted(changed)
    opened(createPassedBytes(), 0)
    yield* decompressed(path, decompress, signal)
  } finally {
    await chunks.return()
  }
}

/** Hands over what lies before `to`, as far as it is wanted. */
async function readArchiveHead(
  chunks: AsyncIterable<Buffer>,
  to: number,
  head: ReturnType<FileChunksOptions['head']>,
): Promise<void> {
  if (head === undefined || to === 0) return
  let at = 0
  for await (const chunk of chunks) {
    if (head(chunk.subarray(0, to - at)) || (at += chunk.length) >= to) return
  }
}

function isOther(
  passed: PassedBytes,
  position: number,
  fingerprint: FileChunksOptions['fingerprint'],
): string | undefined {
  if (fingerprint === undefined) return undefined
  const { length, head, tail } = passed.fingerprint(position)
  const isSame = fingerprint.length === length && fingerprint.head === head && fingerprint.tail === tail
  return isSame ? undefined : 'other bytes there'
}

/** Gunzip says itself what it finds behind an archive; what reads zstd goes away with it, and says nothing. */
function checkAllRead(path: string, taken: number, read: number): void {
  if (taken === read) return
  throw new WallarxError('ARCHIVE_DAMAGED', {
    expected: `${path} to be an archive, and nothing else`,
    got: `${read - taken} bytes or more behind it, which are none; what comes before them is processed`,
  })
}

async function* decompressed(path: string, decompress: Decompress, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const file = await openFile(path)
  const bytes = createReadStream('', { fd: file, highWaterMark: chunkLength })
  const content = decompress({ chunkSize: chunkLength })
  pipeline(bytes, content, () => undefined) // what goes wrong is told to who reads
  let given = 0
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      if (signal.aborted) return
      given += chunk.length
      yield chunk
    }
    if (!signal.aborted && decompress !== zlib.createGunzip) checkAllRead(path, content.bytesWritten, bytes.bytesRead)
  } catch (cause) {
    if (!/^(Z_|ZSTD_)/.test((cause as NodeJS.ErrnoException).code ?? '')) throw cause
    throw new WallarxError('ARCHIVE_DAMAGED', {
      expected: `${path} to be a whole archive`,
      got: `${(cause as Error).message} after ${given} bytes, which are processed; put a whole one there`,
      cause,
    })
  } finally {
    content.destroy()
    bytes.destroy()
  }
}
