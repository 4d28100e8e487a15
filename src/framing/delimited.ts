import { asBytes, encodeText } from '#platform'
import { invalidOption, knownOptions } from '../base/option.ts'
import type { DelimitedFraming } from './framing.ts'

/** What `delimited` takes besides the delimiter. */
export interface DelimitedOptions {
  /**
   * What bytes after the last delimiter are when the stream ends: `'error'` (`FRAME_CUT_OFF`), or `'frame'` for a text
   * file whose last line may lack its newline. Default: `'error'`
   */
  readonly unterminated?: 'error' | 'frame'
}

/**
 * Frames that end with a delimiter, which is not part of them.
 *
 * @param delimiter a string, taken as UTF-8, or bytes. Default: a newline
 * @example
 * ```ts
 * import { delimited } from 'wallarx'
 *
 * assert.deepEqual([...delimited('\r\n').delimiter], [13, 10])
 * ```
 */
export function delimited(delimiter: string | Uint8Array = '\n', options: DelimitedOptions = {}): DelimitedFraming {
  const { unterminated = 'error' } = knownOptions('delimited', options, { unterminated: true })
  if (typeof delimiter !== 'string' && !(delimiter instanceof Uint8Array)) {
    throw invalidOption('delimiter', 'a string or bytes', delimiter)
  }
  if (delimiter.length === 0) throw invalidOption('delimiter', 'not empty', delimiter)
  if (unterminated !== 'error' && unterminated !== 'frame') {
    throw invalidOption('unterminated', "'error' or 'frame'", unterminated)
  }
  const bytes = typeof delimiter === 'string' ? encodeText(delimiter) : asBytes(new Uint8Array(delimiter)) // a copy
  return { delimiter: bytes, unterminated }
}
