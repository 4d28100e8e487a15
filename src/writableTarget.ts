import { once } from 'node:events'
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
      if (end) {
        stream.end()
        await finished(stream, { readable: false })
      } else if (stream.writableLength > 0) {
        await once(stream, 'drain')
      }
    },
    abort() {
      if (end) stream.destroy()
    },
  }
}
