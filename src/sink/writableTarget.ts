import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { ByteTarget } from './sequentialWriter.ts'

/** Writes to a Node stream. `end: false` leaves it open afterwards, as standard output must be. */
export function writableTarget(stream: Writable, { end }: { readonly end: boolean }): ByteTarget {
  // Errors come to the callback of the write that meets them; without a listener they would end the process too.
  stream.on('error', () => undefined)
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => {
          if (error) reject(error)
          else resolve()
        })
      }),
    async close() {
      // Left open, there is nothing to wait for: every write has called back, and what others write is theirs.
      if (!end) return
      stream.end()
      await finished(stream, { readable: false })
    },
    abort() {
      if (end) stream.destroy()
    },
  }
}
