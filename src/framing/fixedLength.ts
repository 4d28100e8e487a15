import { wholeNumber } from '../base/option.ts'
import type { HeaderFraming } from './framing.ts'

/**
 * Frames that all have one length and no header.
 *
 * @param length bytes of each frame, at least 1
 * @example
 * ```ts
 * import { fixedLength } from 'wallarx'
 *
 * assert.equal(fixedLength(16).headerLength, 0)
 * ```
 */
export function fixedLength(length: number): HeaderFraming {
  wholeNumber('length', length, 1)
  return { headerLength: 0, payloadLength: () => length, payloadLengthAt: () => length }
}
