/* How a frame becomes a message and a message bytes: decoders, encoders, and those that come with the package. */

import { allocate, decodeText, encodeText, indexOf, textLength, writeText, type Bytes } from '#platform'
import { invalidOption, knownOptions } from '../base/option.ts'

/** Turns the bytes of one frame into a message; `undefined` filters. Wallaroo's decoders have this form too. */
export interface Decoder<Message> {
  /** Stands in errors, status and metrics. */
  readonly name?: string
  /** `frame` stays valid after the call. What it throws makes the frame a dead letter under `run`. */
  decode(frame: Bytes): Message | undefined
  /**
   * Optional, faster: reads `bytes[start, end)` in place, so that no view is made for each frame. Must give what
   * `decode(bytes.subarray(start, end))` gives, and keep no reference into `bytes`.
   */
  decodeAt?(bytes: Bytes, start: number, end: number): Message | undefined
}

/** Turns a message into bytes, a string being written as UTF-8; `undefined` filters. Adds no framing (see `framed`). */
export interface Encoder<Message> {
  readonly name?: string
  /** What it throws stops a `run`, or makes the message a dead letter with `onError: 'skip'`. */
  encode(message: Message): Uint8Array | string | undefined
}

/** A plain function is an encoder too. */
export type EncoderOrFunction<Message> = Encoder<Message> | Encoder<Message>['encode']

/** A plain function is a decoder too. */
export type DecoderOrFunction<Message> = Decoder<Message> | Decoder<Message>['decode']

/**
 * Text in UTF-8, as decoder and encoder. Bytes that are no UTF-8 become U+FFFD, as everywhere in Node and the web.
 *
 * @example
 * ```ts
 * import { utf8 } from 'wallarx'
 *
 * assert.equal(utf8.decode(Buffer.from('grüße')), 'grüße')
 * ```
 */
export const utf8 = {
  name: 'utf8',
  /** The text of a frame. */
  decode: (frame: Bytes): string => decodeText(frame, 0, frame.length),
  /** The text of `bytes[start, end)`. */
  decodeAt: decodeText,
  /** The text itself, to be written as UTF-8. */
  encode: (message: string): string => message,
} satisfies Decoder<string> & Encoder<string>

/**
 * An encoder whose output is preceded by its length, for a receiver that reads `lengthPrefixed` frames; or followed by
 * a `delimiter`, a text such as a newline, for one that reads `delimited` frames or lines. What does not fit in such a
 * frame, because it is too long or has the delimiter in it, is `ENCODE_FAILED`.
 *
 * @param options.headerLength bytes of the length: 1, 2 or 4. Default: 4
 * @example
 * ```ts
 * import { framed } from 'wallarx'
 *
 * const encoder = framed((word: string) => word)
 * assert.deepEqual(encoder.encode('hi'), Buffer.from([0, 0, 0, 2, 0x68, 0x69]))
 * assert.equal(framed((word: string) => word, { delimiter: '\n' }).encode('hi'), 'hi\n')
 * ```
 */
export function framed<Message>(
  encoder: EncoderOrFunction<Message>,
  options?: { readonly headerLength?: 1 | 2 | 4; readonly endian?: 'big' | 'little' },
): {
  readonly name: string
  /** The length and the bytes of one message. */
  encode(message: Message): Bytes | undefined
}
export function framed<Message>(
  encoder: EncoderOrFunction<Message>,
  options: { readonly delimiter: string },
): {
  readonly name: string
  /** One message and the delimiter, as text where it is text. */
  encode(message: Message): Bytes | string | undefined
}
export function framed<Message>(
  encoder: EncoderOrFunction<Message>,
  options: FrameForm = {},
): FramedEncoder<Message, Bytes | string> {
  knownOptions('framed', options, { headerLength: true, endian: true, delimiter: true })
  const { delimiter, ...lengthOptions } = options
  if (delimiter === undefined) return withLength(encoder, lengthOptions)
  if (typeof delimiter !== 'string' || delimiter === '') {
    throw invalidOption('delimiter', 'a string that is not empty', delimiter)
  }
  if (Object.keys(lengthOptions).length > 0) {
    throw invalidOption('delimiter', 'without headerLength and endian, which are of a length', delimiter)
  }
  return withDelimiter(encoder, delimiter)
}

interface FrameForm {
  readonly headerLength?: 1 | 2 | 4
  readonly endian?: 'big' | 'little'
  readonly delimiter?: string
}

interface FramedEncoder<Message, Frame> {
  readonly name: string
  encode(message: Message): Frame | undefined
}

function withDelimiter<Message>(
  encoder: EncoderOrFunction<Message>,
  delimiter: string,
): FramedEncoder<Message, Bytes | string> {
  const { name, encode } = encoderOf(encoder)
  const bytes = encodeText(delimiter)
  return {
    name,
    encode(message) {
      const payload = encode(message)
      if (payload === undefined) return undefined
      const frame = typeof payload === 'string' ? payload + delimiter : joined(payload, bytes)
      const found = typeof frame === 'string' ? frame.indexOf(delimiter) : indexOf(frame, bytes)
      if (found !== payload.length) throw new RangeError('a message that has the delimiter in it')
      return frame
    },
  }
}

function joined(one: Uint8Array, other: Uint8Array): Bytes {
  const both = allocate(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

function withLength<Message>(
  encoder: EncoderOrFunction<Message>,
  { headerLength = 4, endian = 'big' }: FrameForm,
): FramedEncoder<Message, Bytes> {
  if (headerLength !== 1 && headerLength !== 2 && headerLength !== 4) {
    throw invalidOption('headerLength', '1, 2 or 4', headerLength)
  }
  const { name, encode } = encoderOf(encoder)
  const longest = 2 ** (8 * headerLength) - 1
  return {
    name,
    encode(message) {
      const payload = encode(message)
      if (payload === undefined) return undefined
      const length = typeof payload === 'string' ? textLength(payload) : payload.length
      if (length > longest) throw new RangeError(`${length} bytes do not fit a length of ${headerLength} bytes`)
      const frame = allocate(headerLength + length)
      for (let byte = 0; byte < headerLength; byte++) {
        frame[endian === 'big' ? headerLength - 1 - byte : byte] = length >>> (8 * byte)
      }
      if (typeof payload === 'string') writeText(payload, frame, headerLength)
      else frame.set(payload, headerLength)
      return frame
    },
  }
}

export function encoderOf<Message>(encoder: EncoderOrFunction<Message>): {
  readonly name: string
  readonly encode: Encoder<Message>['encode']
} {
  if (typeof encoder === 'function') return { name: encoder.name === '' ? 'encode' : encoder.name, encode: encoder }
  if (typeof (encoder as Partial<typeof encoder> | undefined)?.encode !== 'function') {
    throw invalidOption('an encoder', 'a function or an object with the method encode', encoder)
  }
  return { name: encoder.name ?? 'encode', encode: (message) => encoder.encode(message) }
}
