import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFramer } from '../../../src/framing/framer.ts'
import type { Framing, HeaderFraming } from '../../../src/framing/framing.ts'
import { delimited } from '../../../src/framing/delimited.ts'
import { fixedLength } from '../../../src/framing/fixedLength.ts'
import { lengthPrefixed } from '../../../src/framing/lengthPrefixed.ts'
import { byteByByte, bytesOf, chunksOf, counted, framesOf } from './framed.ts'

const MiB = 1024 * 1024

/** A framing, the payloads it can carry, and how a sender writes one. */
interface Form {
  readonly framing: Framing
  readonly payload: fc.Arbitrary<Buffer>
  readonly write: (payload: Buffer) => Buffer
}

const anyBytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))

const prefixed = (width: 1 | 2 | 4 | 8, endian: 'big' | 'little'): Form => ({
  framing: lengthPrefixed(width, { endian }),
  payload: anyBytes,
  write: (payload) => Buffer.concat([lengthHeader(BigInt(payload.length), width, endian), payload]),
})

/** Few different bytes, so that delimiters and parts of them come up in payloads. */
const terminated = (delimiter: string): Form => ({
  framing: delimited(delimiter),
  payload: fc
    .string({ unit: fc.constantFrom('a', 'b', '\r', '\n', 'x'), maxLength: 12 })
    // From the left, the first delimiter must be the one that ends the payload: none in it, and none across its end.
    .filter((text) => (text + delimiter).indexOf(delimiter) === text.length)
    .map((text) => Buffer.from(text)),
  write: (payload) => Buffer.concat([payload, Buffer.from(delimiter)]),
})

/** The form of Wallaroo's decoders: a header of a mark and a length in 2 bytes. */
const marked = (headerLength: HeaderFraming['headerLength']): Form => ({
  framing: { headerLength, payloadLength: (header) => header.readUInt16BE(1) },
  payload: anyBytes,
  write: (payload) => Buffer.concat([bytesOf(0x7e, payload.length >> 8, payload.length & 0xff), payload]),
})

function lengthHeader(length: bigint, width: number, endian: 'big' | 'little'): Buffer {
  const bytes = Array.from({ length: width }, (_, at) => Number((length >> BigInt(8 * at)) & 0xffn))
  return Buffer.from(endian === 'big' ? bytes.reverse() : bytes)
}

const forms: Record<string, Form> = {
  ...Object.fromEntries(
    ([1, 2, 4, 8] as const).flatMap((width) =>
      (['big', 'little'] as const).map((endian) => [`a length of ${width}, ${endian} endian`, prefixed(width, endian)]),
    ),
  ),
  ...Object.fromEntries(
    ['\n', '\r\n', 'aa', 'ab', 'aab', 'aba', 'aaa'].map((text) => [
      `the delimiter ${JSON.stringify(text)}`,
      terminated(text),
    ]),
  ),
  'a fixed length of 1': { framing: fixedLength(1), payload: exactly(1), write: (payload) => payload },
  'a fixed length of 5': { framing: fixedLength(5), payload: exactly(5), write: (payload) => payload },
  "Wallaroo's form": marked(3),
  "Wallaroo's form, headerLength a method": marked(() => 3),
}

function exactly(length: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes))
}

describe.each(Object.entries(forms))('a framer for %s', (_, { framing, payload, write }) => {
  const payloads = fc.array(payload, { maxLength: 8 })
  const streams = payloads.chain((sent) => {
    const stream = Buffer.concat(sent.map(write))
    return fc.record({ sent: fc.constant(sent), stream: fc.constant(stream), chunks: chunksOf(stream) })
  })

  test('gives the payloads that were sent, whatever way the stream is cut', () => {
    fc.assert(
      fc.property(streams, ({ sent, stream, chunks }) => {
        const expected = { frames: sent.map((bytes) => bytes.toString('latin1')), error: undefined }
        expect(framesOf(framing, chunks)).toEqual(expected)
        expect(framesOf(framing, [stream])).toEqual(expected)
        expect(framesOf(framing, byteByByte(stream))).toEqual(expected)
      }),
    )
  })

  test('accepts a frame of the maximum length; says FRAME_TOO_LONG to a longer one, after those before it', () => {
    fc.assert(
      fc.property(streams, fc.nat(20), ({ sent, chunks }, max) => {
        const tooLong = sent.findIndex((bytes) => bytes.length > max)
        const { frames, error } = framesOf(framing, chunks, max)
        expect(frames).toHaveLength(tooLong < 0 ? sent.length : tooLong)
        if (tooLong < 0) expect(error).toBeUndefined()
        else expect(error).toMatchObject({ code: 'FRAME_TOO_LONG', kind: 'bad input' })
      }),
    )
  })

  test('says FRAME_CUT_OFF exactly when the stream ends inside a frame', () => {
    fc.assert(
      fc.property(
        streams.chain((made) => fc.record({ made: fc.constant(made), length: fc.nat(made.stream.length) })),
        ({ made: { sent, stream }, length }) => {
          const borders = new Set([0])
          let border = 0
          for (const bytes of sent) borders.add((border += write(bytes).length))
          const { frames, error } = framesOf(framing, byteByByte(stream.subarray(0, length)))
          expect(frames).toHaveLength([...borders].filter((end) => end <= length).length - 1)
          if (borders.has(length)) expect(error).toBeUndefined()
          else expect(error).toMatchObject({ code: 'FRAME_CUT_OFF', kind: 'bad input' })
        },
      ),
    )
  })

  test('hands over frames that later chunks do not change', () => {
    fc.assert(
      fc.property(streams, ({ sent, chunks }) => {
        const frames: Buffer[] = []
        const atOnce: string[] = []
        const framer = createFramer({
          framing,
          onFrame(bytes, start, end) {
            frames.push(bytes.subarray(start, end))
            atOnce.push(bytes.toString('latin1', start, end))
          },
        })
        for (const chunk of chunks) framer.push(Buffer.from(chunk))
        expect(atOnce).toHaveLength(sent.length)
        expect(frames.map((bytes) => bytes.toString('latin1'))).toEqual(atOnce)
      }),
    )
  })

  test('hands over nothing more once it is stopped, not even of the chunk at hand', () => {
    fc.assert(
      fc.property(streams, fc.nat(7), ({ sent, chunks }, after) => {
        let frames = 0
        const framer = createFramer({
          framing,
          onFrame() {
            if (++frames > after) framer.stop()
          },
        })
        for (const chunk of chunks) framer.push(chunk)
        expect(frames).toBe(Math.min(after + 1, sent.length))
        if (frames > after) framer.end()
      }),
    )
  })
})

describe('a header that announces', () => {
  const huge = 2n ** 64n - 1n

  test.each([
    ['a byte too many', lengthPrefixed(4), lengthHeader(BigInt(MiB) + 1n, 4, 'big')],
    ['2^31', lengthPrefixed(4), lengthHeader(2n ** 31n, 4, 'big')],
    ['2^32 - 1', lengthPrefixed(4), lengthHeader(2n ** 32n - 1n, 4, 'big')],
    ['2^32 - 1, little endian', lengthPrefixed(4, { endian: 'little' }), lengthHeader(2n ** 32n - 1n, 4, 'little')],
    ['2^32 in 8 bytes', lengthPrefixed(8), lengthHeader(2n ** 32n, 8, 'big')],
    ['2^53', lengthPrefixed(8), lengthHeader(2n ** 53n, 8, 'big')],
    ['2^53 + 1', lengthPrefixed(8), lengthHeader(2n ** 53n + 1n, 8, 'big')],
    ['2^63', lengthPrefixed(8), lengthHeader(2n ** 63n, 8, 'big')],
    ['2^64 - 1', lengthPrefixed(8), lengthHeader(huge, 8, 'big')],
    ['2^64 - 1, little endian', lengthPrefixed(8, { endian: 'little' }), lengthHeader(huge, 8, 'little')],
    ['Infinity', { headerLength: 1, payloadLength: () => Infinity }, bytesOf(0)],
  ])('%s is refused before anything is allocated for the frame', (_, framing, header) => {
    for (let cut = 0; cut < header.length; cut++) {
      const framer = createFramer({ framing, onFrame: () => undefined })
      let error: unknown
      const { allocated } = counted(() => {
        try {
          framer.push(header.subarray(0, cut))
          framer.push(header.subarray(cut))
        } catch (thrown) {
          error = thrown
        }
      })
      expect(error).toMatchObject({ code: 'FRAME_TOO_LONG', expected: `a frame of at most ${MiB} bytes` })
      expect(allocated).toBe(0)
    }
  })

  test('a long frame that never comes costs memory for what has come, not for what it announces', () => {
    const framer = createFramer({
      framing: lengthPrefixed(4),
      maxFrameLength: 2 ** 32 - 1,
      onFrame: () => undefined,
    })
    const { allocated } = counted(() => {
      framer.push(lengthHeader(2n ** 32n - 1n, 4, 'big'))
      framer.push(Buffer.from('x'))
    })
    expect(allocated).toBeLessThanOrEqual(4096)
  })

  test.each([
    ['NaN', () => NaN, 'a length of NaN'],
    ['-1', () => -1, 'a length of -1'],
    ['1.5', () => 1.5, 'a length of 1.5'],
    ['no number', () => '7' as unknown as number, 'a length of 7'],
    [
      'nothing, because payloadLength throws,',
      () => {
        throw new Error('no mark')
      },
      'Error: no mark',
    ],
  ])('%s is FRAME_HEADER_INVALID, with the header', (_, payloadLength, got) => {
    for (const chunks of [[bytesOf(0x12, 0x34)], [bytesOf(0x12), bytesOf(0x34)]]) {
      const { frames, error } = framesOf({ headerLength: 2, payloadLength }, chunks)
      expect(frames).toEqual([])
      expect(error).toMatchObject({ code: 'FRAME_HEADER_INVALID', kind: 'bad input', got })
      expect((error as Error).message).toContain('<1234>')
    }
  })

  test('what payloadLength throws is the cause', () => {
    const cause = new Error('no mark')
    const payloadLength = (): number => {
      throw cause
    }
    expect(framesOf({ headerLength: 1, payloadLength }, [bytesOf(0)]).error).toMatchObject({ cause })
  })

  test('a length of 0 without a header at all is FRAME_HEADER_INVALID, not frames without end', () => {
    const { frames, error } = framesOf({ headerLength: 0, payloadLength: () => 0 }, [bytesOf(1)])
    expect(frames).toEqual([])
    expect(error).toMatchObject({ code: 'FRAME_HEADER_INVALID', got: 'a length of 0' })
  })
})

describe('FRAME_CUT_OFF says how many bytes were missing:', () => {
  const header = bytesOf(0, 0, 0, 5)

  test.each([1, 2, 3])('of a header of which %i bytes came', (present) => {
    expect(framesOf(lengthPrefixed(4), [header.subarray(0, present)]).error).toMatchObject({
      code: 'FRAME_CUT_OFF',
      expected: `${4 - present} more bytes of a header of 4`,
      got: 'the end of the stream',
    })
  })

  test.each([0, 1, 4])('of a payload of which %i bytes came', (present) => {
    const stream = Buffer.concat([header, Buffer.from('hello').subarray(0, present)])
    for (const chunks of [[stream], byteByByte(stream)]) {
      expect(framesOf(lengthPrefixed(4), chunks).error).toMatchObject({
        code: 'FRAME_CUT_OFF',
        expected: `${5 - present} more bytes of a frame of 5`,
      })
    }
  })

  test('of a frame of fixed length', () => {
    expect(framesOf(fixedLength(4), [bytesOf(1, 2, 3, 4, 5)]).error).toMatchObject({
      expected: '3 more bytes of a frame of 4',
    })
  })

  test.each([
    ['\n', 'ab', 'at least 1 more byte, the delimiter'],
    ['\r\n', 'ab', 'at least 2 more bytes, the delimiter'],
    ['\r\n', 'ab\r', 'at least 1 more byte of the delimiter'],
    ['aab', 'xaa', 'at least 1 more byte of the delimiter'],
    ['aab', 'aaa', 'at least 1 more byte of the delimiter'],
    ['aab', 'xa', 'at least 2 more bytes of the delimiter'],
    ['aba', 'ab', 'at least 1 more byte of the delimiter'],
  ])('of the delimiter %j after %j', (delimiter, text, expected) => {
    for (const chunks of [[Buffer.from(text)], byteByByte(Buffer.from(text))]) {
      expect(framesOf(delimited(delimiter), chunks).error).toMatchObject({
        code: 'FRAME_CUT_OFF',
        expected,
        got: `the end of the stream after ${text.length} bytes of a frame`,
      })
    }
  })
})

describe('a delimited stream', () => {
  const few = fc.string({ unit: fc.constantFrom('a', 'b', 'x'), maxLength: 30 })
  const delimiters = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 })

  /** What a reader from the left finds, in the whole text at once. */
  const split = (text: string, delimiter: string): { frames: string[]; rest: string } => {
    const parts = text.split(delimiter)
    return { frames: parts.slice(0, -1), rest: parts.at(-1)! }
  }

  test('is cut at each delimiter from the left, whatever its bytes and chunks are', () => {
    const cases = fc.record({ text: few, delimiter: delimiters })
    fc.assert(
      fc.property(
        cases.chain((made) =>
          fc.record({ made: fc.constant(made), chunks: chunksOf(Buffer.from(made.text)), max: fc.nat(12) }),
        ),
        ({ made: { text, delimiter }, chunks, max }) => {
          const { frames, rest } = split(text, delimiter)
          expect(framesOf(delimited(delimiter), chunks).frames).toEqual(frames)
          expect(framesOf(delimited(delimiter, { unterminated: 'frame' }), chunks)).toEqual({
            frames: rest === '' ? frames : [...frames, rest],
            error: undefined,
          })
          const tooLong = frames.findIndex((bytes) => bytes.length > max)
          const limited = framesOf(delimited(delimiter), chunks, max)
          expect(limited.frames).toEqual(tooLong < 0 ? frames : frames.slice(0, tooLong))
          if (tooLong >= 0) expect(limited.error).toMatchObject({ code: 'FRAME_TOO_LONG' })
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('an unterminated last frame that is too long is refused too', () => {
    const framing = delimited('\r\n', { unterminated: 'frame' })
    expect(framesOf(framing, [Buffer.from('abc')], 3)).toEqual({ frames: ['abc'], error: undefined })
    expect(framesOf(framing, [Buffer.from('abc\r')], 3).error).toMatchObject({ code: 'FRAME_TOO_LONG' })
  })

  test('a chunk without a delimiter that is too long is refused before anything is allocated', () => {
    const framer = createFramer({ framing: delimited(), maxFrameLength: 10, onFrame: () => undefined })
    const counts = counted(() => {
      expect(() => {
        framer.push(Buffer.alloc(11, 'x'))
      }).toThrow(/expected a delimiter after at most 10 bytes, got 11 bytes without one/)
    })
    expect(counts.copied).toBe(0)
  })
})

describe('the cost of one long frame is linear:', () => {
  const length = 8 * MiB
  const payload = Buffer.alloc(length, 'x')
  const big = lengthHeader(BigInt(length), 4, 'big')

  test.each([
    ['a length', lengthPrefixed(4), Buffer.concat([big, payload])],
    ['a fixed length', fixedLength(length), payload],
    ['a delimiter of one byte', delimited('\n'), Buffer.concat([payload, Buffer.from('\n')])],
    ['a delimiter of three bytes', delimited('xxy'), Buffer.concat([payload, Buffer.from('xxy')])],
  ])('with %s, in chunks of 16 KiB and of 7 bytes', (_, framing, stream) => {
    for (const size of [16 * 1024, 7]) {
      let found = 0
      const framer = createFramer({
        framing,
        maxFrameLength: length,
        onFrame: (_bytes, start, end) => (found = end - start),
      })
      const { copied, allocated, searched } = counted(() => {
        for (let at = 0; at < stream.length; at += size) framer.push(stream.subarray(at, at + size))
      })
      expect(found).toBe(length)
      // Each byte is copied once, and again as the buffer doubles: less than two further times on the whole.
      expect(copied).toBeLessThanOrEqual(3 * length)
      expect(allocated).toBeLessThanOrEqual(4 * length)
      // In the chunk and where it is gathered; small chunks search a delimiter's width more each.
      expect(searched).toBeLessThanOrEqual(3 * length)
    }
  })

  test('a stream of frames that lie whole in their chunks is not copied at all', () => {
    const frames = Buffer.concat(Array.from({ length: 100 }, () => bytesOf(3, 1, 2, 3)))
    const framer = createFramer({ framing: lengthPrefixed(1), onFrame: () => undefined })
    expect(counted(() => framer.push(frames))).toMatchObject({ copied: 0, allocated: 0 })
  })
})

describe('a framer cannot be made', () => {
  const good = lengthPrefixed(4)
  const payloadLength = (): number => 0

  test.each([
    ['a maximum length of -1', good, -1],
    ['a maximum length of 1.5', good, 1.5],
    ['a maximum length of NaN', good, NaN],
    ['a maximum length of Infinity', good, Infinity],
    ['a header length of -1', { headerLength: -1, payloadLength }, undefined],
    ['a header length of 1.5', { headerLength: 1.5, payloadLength }, undefined],
    ['a header length that gives NaN', { headerLength: () => NaN, payloadLength }, undefined],
    ['no payloadLength', { headerLength: 1 } as unknown as Framing, undefined],
    ['an empty delimiter', { delimiter: new Uint8Array(), unterminated: 'error' } as const, undefined],
    ['a delimiter that is no bytes', { delimiter: 10, unterminated: 'error' } as unknown as Framing, undefined],
  ])('with %s', (_, framing, maxFrameLength) => {
    expect(() => createFramer({ framing, maxFrameLength, onFrame: () => undefined })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', kind: 'misuse' }),
    )
  })
})
