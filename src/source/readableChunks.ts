import type { Readable } from 'node:stream'

/** The chunks of a Node stream; the signal destroys it, also while a chunk is awaited. */
export function readableChunks<Chunk = Buffer>(stream: Readable, signal: AbortSignal): AsyncIterator<Chunk> {
  signal.addEventListener('abort', () => {
    // Later errors concern nobody; without a listener they would end the process.
    stream.on('error', () => undefined)
    stream.destroy()
  })
  return stream[Symbol.asyncIterator]() as AsyncIterator<Chunk>
}
