import type { ReadableStream } from '#platform'
import { knownOptions } from '../base/option.ts'
import type { Observable } from 'rxjs'
import { pulledSource } from './pulledSource.ts'

/**
 * Emits the chunks of a WHATWG `ReadableStream`, reading only while nothing holds the pipeline; unsubscribing cancels
 * the stream. For one subscription: a stream cannot be read again. Bytes want `frame` next.
 *
 * @example
 * ```ts
 * import { fromWebStream } from 'wallarx'
 *
 * const chunks = fromWebStream(new Blob(['hello']).stream())
 * assert.equal(String(Buffer.from(await lastValueFrom(chunks))), 'hello')
 * ```
 */
export function fromWebStream<Chunk>(
  stream: ReadableStream<Chunk>,
  options: { readonly name?: string } = {},
): Observable<Chunk> {
  const { name = 'web stream' } = knownOptions('fromWebStream', options, { name: true })
  return pulledSource(name, 'web stream', (signal) => {
    const reader = stream.getReader()
    signal.addEventListener('abort', () => {
      reader.cancel().catch(() => undefined)
    })
    return {
      next: async () => (await reader.read()) as IteratorResult<Chunk>,
    }
  })
}
