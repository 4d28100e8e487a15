import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * Writes text to standard output, as fast as it is read there; whoever reads it, such as head, may have seen enough.
 */
export async function writeOut(texts: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(texts, { highWaterMark: 1 }), process.stdout, { end: false })
  } catch (error) {
    if (!isClosedPipe(error)) throw error
  }
}

function isClosedPipe(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}
