import type { Bytes } from '#platform'
import { WallarxError, type Where } from '../base/errors.ts'
import { invalidOption } from '../base/option.ts'
import { shown } from '../base/shown.ts'
import type { HeaderFraming } from './framing.ts'

/** Reads what headers announce. */
export interface HeaderReader {
  readonly headerLength: number
  /**
   * The length that the header at `bytes[at]` announces, once it is known to be acceptable. Throws `FRAME_TOO_LONG`,
   * `FRAME_HEADER_INVALID`.
   */
  readonly announced: (bytes: Bytes, at: number) => number
}

/** Throws `OPTION_INVALID` for a framing that cannot work. */
export function createHeaderReader(framing: HeaderFraming, max: number, where: Where): HeaderReader {
  const headerLength = typeof framing.headerLength === 'function' ? framing.headerLength() : framing.headerLength
  if (!Number.isSafeInteger(headerLength) || headerLength < 0) {
    throw invalidOption('headerLength', 'a whole number of bytes', headerLength, where)
  }
  if (typeof framing.payloadLength !== 'function') {
    throw invalidOption('payloadLength', 'a function of the header', typeof framing.payloadLength, where)
  }
  const lengthAt =
    framing.payloadLengthAt ??
    ((bytes: Bytes, at: number) => framing.payloadLength(bytes.subarray(at, at + headerLength)))

  const announced = (bytes: Bytes, at: number): number => {
    let length: number
    try {
      length = lengthAt(bytes, at)
    } catch (cause) {
      throw invalidHeader(bytes, at, shown(cause), cause)
    }
    if (length > max) {
      throw new WallarxError('FRAME_TOO_LONG', {
        expected: `a frame of at most ${max} bytes`,
        got: `a header that announces ${length} bytes`,
        where,
      })
    }
    const none = length === 0 && headerLength === 0 // frames of no byte at all would never end
    if (!Number.isInteger(length) || length < 0 || none) throw invalidHeader(bytes, at, `a length of ${String(length)}`)
    return length
  }

  const invalidHeader = (bytes: Bytes, at: number, got: string, cause?: unknown): WallarxError =>
    new WallarxError('FRAME_HEADER_INVALID', {
      expected: `a header from which a length can be read in ${shown(bytes.subarray(at, at + headerLength))}`,
      got,
      where,
      cause,
    })

  return { headerLength, announced }
}
