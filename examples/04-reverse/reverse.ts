import type { Observable } from 'rxjs'
import { utf8, type ByteSink } from 'wallarx'
import { decode, encode, to, toSink } from 'wallarx/operators'

/** By code point, so that no character of more than one UTF-16 unit is torn. */
const reverse = (text: string): string => Array.from(text).reverse().join('')

/**
 * The pipeline: payloads of text in UTF-8 in, a line with the reversed text for each out. An empty one is an empty
 * line.
 */
export const reversed = (payloads: Observable<Buffer>, sink: ByteSink): Observable<never> =>
  payloads.pipe(
    decode(utf8),
    to(reverse),
    encode((text) => `${text}\n`),
    toSink(sink),
  )
