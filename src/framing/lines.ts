import { encodeText } from '#platform'
import { invalidOption, knownOptions, wholeNumber } from '../base/option.ts'
import type { DelimitedFraming } from './framing.ts'

/** How `lines` takes a text. */
export interface LinesOptions {
  /**
   * The longest line accepted, in bytes without its end. Where the source or `frame` has a `maxFrameLength` too, the
   * smaller one holds. Default: that `maxFrameLength`, 1 MiB unless it says otherwise
   */
  readonly maxLength?: number
  /**
   * What a last line without an end is: `'frame'`, a line like the others, as in most text files; or `'error'`
   * (`FRAME_CUT_OFF`), for a connection, of which half a line may be all that arrived. Default: `'frame'`
   */
  readonly unterminated?: 'error' | 'frame'
}

/**
 * The lines of a text in UTF-8, without their ends, which are `\n` or `\r\n`. A byte order mark at the start of the
 * stream is dropped; an empty line is an empty frame, and nothing at all is no line.
 *
 * A `\r` that stands alone is part of its line. As fast as `delimited()`.
 *
 * @example
 * ```ts
 * import { fromAsyncIterable, lines, utf8 } from 'wallarx'
 * import { decode, frame } from 'wallarx/operators'
 *
 * const texts = fromAsyncIterable([Buffer.from('\ufeffone\r\ntw'), Buffer.from('o\n\nlast')])
 * const read = texts.pipe(frame(lines({ maxLength: 80 })), decode(utf8), toArray())
 * assert.deepEqual(await lastValueFrom(read), ['one', 'two', '', 'last'])
 * ```
 */
export function lines(options: LinesOptions = {}): DelimitedFraming {
  const { maxLength, unterminated = 'frame' } = knownOptions('lines', options, { maxLength: true, unterminated: true })
  if (maxLength !== undefined) wholeNumber('maxLength', maxLength, 0)
  if (unterminated !== 'error' && unterminated !== 'frame') {
    throw invalidOption('unterminated', "'error' or 'frame'", unterminated)
  }
  return { delimiter: encodeText('\n'), unterminated, text: true, ...(maxLength !== undefined && { maxLength }) }
}
