import { invalidOption, knownOptions } from '../../base/option.ts'
import fc from 'fast-check'
import type { DelimitedFraming, Framing, HeaderFraming } from '../../framing/framing.ts'

/** A byte stream, and the payloads of the frames in it. */
export interface FramedBytes {
  readonly payloads: readonly Buffer[]
  readonly bytes: Buffer
}

/** How a framing of your own is written. */
export interface FramedOptions {
  /**
   * The header of a payload of this length. Default: found by a try with the length, or the length with its header, as
   * binary number of both byte orders and as decimal and hexadecimal digits
   */
  readonly header?: ((length: number) => Uint8Array) | undefined
}

/** The bytes of one frame, text being UTF-8. */
export type Payload = Uint8Array | string

/**
 * Payloads, text being UTF-8, as the byte stream in which a framing finds them. Payloads from an arbitrary that the
 * framing cannot carry are made to fit: cut before a delimiter or at the longest length, or filled with zeros to the
 * fixed length. Payloads that are given must fit: `OPTION_INVALID`. With `unterminated: 'frame'` the last delimiter is
 * missing at times.
 *
 * @param payloads Default: up to 10 of up to 20 bytes
 * @example
 * ```ts
 * import { delimited } from 'wallarx'
 * import { chunked, framed } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * const lines = framed(fc.array(fc.string()), delimited())
 * const chunks = chunked(lines.map(({ bytes }) => bytes))
 * assert.equal(fc.sample(chunks, 1).length, 1)
 * ```
 */
export function framed(
  payloads: readonly Payload[] | fc.Arbitrary<readonly Payload[]> | undefined,
  framing: Framing,
  input: FramedOptions = {},
): fc.Arbitrary<FramedBytes> {
  const { header } = knownOptions('framed', input, { header: true })
  if ('record' in framing) throw invalidOption('framing', 'one that gives payloads as they are sent', 'that of csv()')
  const { fit, encode } = 'delimiter' in framing ? delimiting(framing) : prefixing(framing, header)
  const asBuffers = (some: readonly Payload[]): Buffer[] => some.map((payload) => Buffer.from(payload as string))
  const fitted =
    payloads instanceof fc.Arbitrary || payloads === undefined
      ? (payloads ?? fc.array(fc.uint8Array({ maxLength: 20 }))).map((some) => asBuffers(some).map(fit))
      : fc.constant(asBuffers(payloads).map((payload) => checkFit(payload, fit)))
  return fc.tuple(fitted, fc.boolean()).map(([some, ended]) => {
    const bytes = Buffer.concat(some.map(encode))
    const last = some.at(-1)
    // Without its delimiter an empty last frame would be none.
    const mayEndEarly =
      'delimiter' in framing && framing.unterminated === 'frame' && last !== undefined && last.length > 0
    return {
      payloads: some,
      bytes: mayEndEarly && !ended ? bytes.subarray(0, bytes.length - framing.delimiter.length) : bytes,
    }
  })
}

interface Coding {
  /** The payload itself where it can be carried, otherwise one that can. */
  readonly fit: (payload: Buffer) => Buffer
  readonly encode: (payload: Buffer) => Buffer
}

function checkFit(payload: Buffer, fit: Coding['fit']): Buffer {
  if (fit(payload).equals(payload)) return payload
  throw invalidOption('payloads', 'such as the framing can carry', payload)
}

function delimiting({ delimiter, text = false }: DelimitedFraming): Coding {
  const encode = (payload: Buffer): Buffer => Buffer.concat([payload, delimiter])
  return {
    encode,
    fit(payload) {
      let fitting = text ? asLine(payload) : payload
      // A delimiter may also begin in the payload and end in the delimiter after it, and cutting may make one of that
      // kind.
      for (;;) {
        const found = encode(fitting).indexOf(delimiter)
        if (found === fitting.length) return fitting
        fitting = fitting.subarray(0, found)
      }
    },
  }
}

/** Without what `lines` takes for part of an end, or for a byte order mark. */
function asLine(payload: Buffer): Buffer {
  const line = payload.toString('latin1').replace(/\r*(\n[^]*)?$/, '')
  return Buffer.from(line.replace(/^(\xef\xbb\xbf)+/, ''), 'latin1')
}

function prefixing(framing: HeaderFraming, header: FramedOptions['header']): Coding {
  const headerLength = typeof framing.headerLength === 'function' ? framing.headerLength() : framing.headerLength
  if (headerLength === 0) {
    const length = framing.payloadLength(Buffer.alloc(0))
    return {
      fit: (payload) => (payload.length === length ? payload : Buffer.concat([payload], length)),
      encode: (payload) => payload,
    }
  }
  const candidates = header === undefined ? headersOf(headerLength) : [header]
  const headerFor = (length: number): Uint8Array | undefined => {
    for (const candidate of candidates) {
      const bytes = candidate(length)
      if (bytes?.length === headerLength && saysLength(framing, bytes, length)) return bytes
    }
    return undefined
  }
  return {
    encode: (payload) => Buffer.concat([headerFor(payload.length)!, payload]),
    fit(payload) {
      let length = payload.length
      while (headerFor(length) === undefined) {
        if (length === 0) {
          const what = 'a function that gives the header of each length, such as this framing reads'
          throw invalidOption('header', what, header)
        }
        length >>= 1
      }
      return payload.subarray(0, length)
    },
  }
}

function saysLength(framing: HeaderFraming, header: Uint8Array, length: number): boolean {
  try {
    return framing.payloadLength(Buffer.from(header)) === length
  } catch {
    return false
  }
}

type Header = (length: number) => Uint8Array | undefined

/** Ways to write a length into a header. */
function headersOf(headerLength: number): Header[] {
  const binary = (number: number): Buffer | undefined => {
    const digits = number.toString(16).padStart(2 * headerLength, '0')
    return digits.length > 2 * headerLength ? undefined : Buffer.from(digits, 'hex')
  }
  const text = (digits: string, fill: string): Buffer => Buffer.from(digits.padStart(headerLength, fill))
  const ways: Header[] = [
    binary,
    (number) => binary(number)?.reverse(),
    (number) => text(String(number), '0'),
    (number) => text(String(number), ' '),
    (number) => text(number.toString(16), '0'),
  ]
  return [
    ...ways,
    ...ways.map(
      (way): Header =>
        (length) =>
          way(length + headerLength),
    ),
  ]
}
