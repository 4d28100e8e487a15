import { Packr, type Options } from 'msgpackr'
import { knownOptions } from '../base/option.ts'
import type { Codec, CodecOptions } from './json.ts'
import { validator } from './validate.ts'

const settings = {
  useRecords: false,
  variableMapSize: true,
  int64AsType: 'auto', // which its types do not have
  encodeUndefinedAsNil: true,
  // A property named toJSON is data.
  useToJSON: false,
  // What is decoded must not be a view of a chunk.
  copyBuffers: true,
} as Omit<Options, 'int64AsType'>

/**
 * Messages as MessagePack, as decoder and encoder, in what every implementation of it reads: an object and a Map are a
 * map, an array and a Set an array, a Date a timestamp, `undefined` is nil.
 *
 * A map is decoded as an object; a whole number as a number where it is exact as one, up to 2^53, and beyond that as a
 * bigint; bytes as a Buffer of their own. What is no MessagePack, has bytes left over, or does not fit `validate` is
 * `DECODE_FAILED`, the latter with the path to what does not fit: a dead letter under `run`. It encodes without a
 * check; a bigint of more than 64 bits is `ENCODE_FAILED`. A stream of such messages wants a length before each:
 * `framed(msgpack())`, and `lengthPrefixed(4)` to read it.
 *
 * @example
 * ```ts
 * import { msgpack } from 'wallarx'
 *
 * const readings = msgpack<{ sensor: string; celsius: number }>()
 * const bytes = readings.encode({ sensor: 'cellar', celsius: 12.5 })
 * assert.deepEqual(readings.decode(bytes), { sensor: 'cellar', celsius: 12.5 })
 * ```
 */
export function msgpack<Message = unknown>(options: CodecOptions<Message> = {}): Codec<Message, Buffer> {
  const validate = validator(knownOptions('msgpack', options, { validate: true }).validate)
  const packr = new Packr(settings)
  const decodeAt = (bytes: Buffer, start: number, end: number): Message => {
    if (start === end) throw new RangeError('no bytes are no MessagePack') // msgpackr would take an end of 0 for none
    return validate(packr.unpack(bytes, { start, end }))
  }
  return {
    name: 'msgpack',
    decode: (frame) => decodeAt(frame, 0, frame.length),
    decodeAt,
    encode: (message) => packr.pack(message),
  }
}
