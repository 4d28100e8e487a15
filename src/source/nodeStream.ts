import { knownOptions } from '../base/option.ts'
import type { Readable } from 'node:stream'
import type { Observable } from 'rxjs'
import { pulledSource } from './pulledSource.ts'
import { readableChunks } from './readableChunks.ts'

/**
 * Emits the chunks of a Node `Readable`, reading only while nothing holds the pipeline; unsubscribing destroys the
 * stream. For one subscription: a stream cannot be read again. Bytes want `frame` next.
 *
 * @example
 * ```ts
 * import { delimited, fromNodeStream } from 'wallarx'
 * import { frame } from 'wallarx/operators'
 * import { Readable } from 'node:stream'
 *
 * const lines = fromNodeStream(Readable.from([Buffer.from('a\nb\n')])).pipe(frame(delimited()))
 * assert.equal(String(await lastValueFrom(lines)), 'b')
 * ```
 */
export function fromNodeStream<Chunk = Buffer>(
  stream: Readable,
  options: { readonly name?: string } = {},
): Observable<Chunk> {
  const { name = 'node stream' } = knownOptions('fromNodeStream', options, { name: true })
  return pulledSource(name, 'node stream', (signal) => readableChunks<Chunk>(stream, signal))
}
