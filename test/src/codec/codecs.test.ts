import fc from 'fast-check'
import { lastValueFrom, of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { decode } from 'wallarx/operators'
import { framed, type Decoder, type Encoder } from '../../../src/codec/codec.ts'
import { csv } from '../../../src/codec/csv/csv.ts'
import { json } from '../../../src/codec/json.ts'
import { msgpack } from '../../../src/codec/msgpack.ts'
import { delimited } from '../../../src/framing/delimited.ts'
import { lengthPrefixed } from '../../../src/framing/lengthPrefixed.ts'
import type { Framing } from '../../../src/framing/framing.ts'
import { chunksOf, framesOf } from '../framing/framed.ts'

type AnyCodec = Decoder<unknown> & Encoder<unknown>

const jsonValues = fc.jsonValue()
/** What JSON has, times, bytes, and whole numbers of any size that MessagePack has. */
const msgpackValues = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, '', 0, -1, 2 ** 53, -(2 ** 53)),
    fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
    fc.string({ unit: 'grapheme' }),
    fc.bigInt({ min: 2n ** 53n + 1n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) - 1n }),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(2 ** 34 * 1000 - 1) }),
    fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value

const codecs: [string, AnyCodec, fc.Arbitrary<unknown>, Framing, (codec: AnyCodec) => Encoder<unknown>][] = [
  ['json', json(), jsonValues, delimited(), (codec) => framed(codec, { delimiter: '\n' })],
  ['msgpack', msgpack(), msgpackValues, lengthPrefixed(4), (codec) => framed(codec)],
]

describe.each(codecs)('%s', (_, codec, values, framing, write) => {
  test('gives back what it was given', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(codec.decode(Buffer.from(codec.encode(value) as Buffer))).toEqual(
          codec === codecs[0]![1] ? plainOf(value) : value,
        )
      }),
    )
  })

  test('gives back a stream of messages, whatever way it is cut, in place as well', () => {
    fc.assert(
      fc.property(
        fc.array(values, { maxLength: 5 }).chain((some) => {
          const stream = Buffer.concat(some.map((value) => Buffer.from(write(codec).encode(value) as Buffer)))
          return fc.record({ some: fc.constant(some), chunks: chunksOf(stream) })
        }),
        ({ some, chunks }) => {
          const { frames, error } = framesOf(framing, chunks)
          expect(error).toBeUndefined()
          const bytes = Buffer.concat(chunks)
          expect(frames.map((frame) => codec.decode(Buffer.from(frame, 'latin1')))).toEqual(
            some.map((value) => (framing === codecs[0]![3] ? plainOf(value) : value)),
          )
          expect(bytes.length >= frames.length).toBe(true)
        },
      ),
    )
  })

  test('reads a frame where it lies, and keeps nothing of the bytes around it', () => {
    fc.assert(
      fc.property(values, fc.uint8Array({ maxLength: 5 }), (value, around) => {
        const packed = Buffer.from(codec.encode(value) as Buffer)
        const bytes = Buffer.concat([around, packed, around])
        const message = codec.decodeAt!(bytes, around.length, around.length + packed.length)
        bytes.fill(0)
        expect(message).toEqual(codec.decode(packed))
      }),
    )
  })

  test('throws for a frame without anything in it, also in the middle of bytes', () => {
    expect(() => codec.decode(Buffer.alloc(0))).toThrow()
    expect(() => codec.decodeAt!(Buffer.from(codec.encode(1) as Buffer), 0, 0)).toThrow()
  })

  test('throws for what is cut off, and for what has something behind it', () => {
    const packed = Buffer.from(codec.encode({ a: [1, 'b'] }) as Buffer)
    for (let length = 0; length < packed.length; length++) {
      expect(() => codec.decode(packed.subarray(0, length))).toThrow()
    }
    expect(() => codec.decode(Buffer.concat([packed, packed]))).toThrow()
  })
})

/** As JSON has it. */
const plainOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

test.each([
  ['json', json],
  ['msgpack', msgpack],
  ['csv', csv],
])('%s that is handed over without being called says so', async (name, codec) => {
  await expect(lastValueFrom(of(Buffer.from('1')).pipe(decode(codec as never)))).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    expected: expect.stringContaining(`is ${name}() what you mean`) as unknown,
  })
})
