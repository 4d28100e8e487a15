import fc from 'fast-check'
import { from, map, of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { decode } from '../../operators/decode.ts'
import { frame } from '../../operators/frame.ts'
import { to } from '../../operators/to.ts'
import { toMulti } from '../../operators/toMulti.ts'
import { utf8, type Decoder } from '../../src/codec/codec.ts'
import { lengthPrefixed } from '../../src/framing/lengthPrefixed.ts'
import { lines } from '../../src/framing/lines.ts'
import { chunksOf } from '../src/framing/framed.ts'
import { checklist } from './checklist.ts'
import { gather } from './gather.ts'
import { rx } from './twin.ts'

checklist('decode', rx)

/** A foreign operator that does nothing, but stands in between. */
const foreign = map(<Message>(message: Message): Message => message)

test.each([undefined, 'utf8', { name: 'no decode' }, lines()])('decode cannot be made from %j', (decoder) => {
  expect(() => decode(decoder as never)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})

describe('decode', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 20 }).chain((payloads) => {
    const stream = Buffer.concat(payloads.flatMap((payload) => [Buffer.from([payload.length]), Buffer.from(payload)]))
    return chunksOf(stream)
  })
  /** Filters, fails and passes, by the first byte. */
  const choosy: Decoder<string> = {
    decode(bytes) {
      if (bytes[0] === 0) return undefined
      if (bytes[0] === 1) throw new Error('the first byte is 1')
      return bytes.toString('hex')
    },
    decodeAt(bytes, start, end) {
      return this.decode(bytes.subarray(start, end))
    },
  }

  test.each([
    ['utf8', utf8],
    ['a decoder that filters and fails', choosy as Decoder<unknown>],
  ])(
    'of %s gives the same in place, straight behind frame, as with another operator in between',
    async (_, decoder) => {
      await fc.assert(
        fc.asyncProperty(frames, async (chunks) => {
          const framed = from(chunks).pipe(frame(lengthPrefixed(1)))
          const straight = await gather(framed.pipe(decode(decoder)))
          expect(await gather(framed.pipe(foreign, decode(decoder)))).toEqual(straight)
          expect(
            await gather(
              framed.pipe(
                map((bytes) => bytes),
                decode((bytes) => decoder.decode(bytes)),
              ),
            ),
          ).toMatchObject({ messages: straight.messages })
          expect(
            await gather(
              framed.pipe(
                to((bytes) => bytes),
                decode(decoder),
              ),
            ),
          ).toEqual(straight)
        }),
      )
    },
  )

  test('reads in place only straight behind frame', async () => {
    const calls: string[] = []
    const watching: Decoder<string> = {
      decode: () => (calls.push('decode'), 'a'),
      decodeAt: () => (calls.push('decodeAt'), 'a'),
    }
    const framed = of(Buffer.from([0])).pipe(frame(lengthPrefixed(1)))
    await gather(framed.pipe(decode(watching)))
    await gather(framed.pipe(foreign, decode(watching)))
    await gather(
      framed.pipe(
        toMulti((bytes) => [bytes]),
        decode(watching),
      ),
    )
    expect(calls).toEqual(['decodeAt', 'decode', 'decode'])
  })

  test('takes a decoder whose decodeAt is there as undefined', async () => {
    const decoder = { decode: (bytes: Buffer) => bytes.length, decodeAt: undefined } as unknown as Decoder<number>
    expect(await gather(of(Buffer.from([1, 7])).pipe(frame(lengthPrefixed(1)), decode(decoder)))).toEqual({
      messages: [1],
    })
  })

  test('calls the methods of an object on it', async () => {
    const decoder = {
      encoding: 'hex' as const,
      decode(bytes: Buffer): string {
        return bytes.toString(this.encoding)
      },
      decodeAt(bytes: Buffer, start: number, end: number): string {
        return bytes.toString(this.encoding, start, end)
      },
    }
    const framed = of(Buffer.from([1, 0xab])).pipe(frame(lengthPrefixed(1)))
    expect(await gather(framed.pipe(decode(decoder)))).toEqual({ messages: ['ab'] })
    expect(await gather(framed.pipe(foreign, decode(decoder)))).toEqual({ messages: ['ab'] })
  })

  test('says in DECODE_FAILED which decoder could not read which frame', async () => {
    const { error } = await gather(
      of(Buffer.from([1, 1])).pipe(frame(lengthPrefixed(1)), decode({ ...choosy, name: 'choosy' })),
    )
    expect(error).toMatchObject({
      code: 'DECODE_FAILED',
      kind: 'bad input',
      where: { step: 'choosy' },
      expected: 'a message in a frame of 1 bytes <01>',
      got: 'Error: the first byte is 1',
    })
  })

  test('hands out frames that stay valid', async () => {
    const stream = Buffer.from([2, 1, 2, 2, 3, 4])
    const { messages } = await gather(
      from([stream.subarray(0, 2), stream.subarray(2, 4), stream.subarray(4)]).pipe(
        frame(lengthPrefixed(1)),
        decode((bytes) => bytes),
      ),
    )
    expect(messages.map((bytes) => [...bytes])).toEqual([
      [1, 2],
      [3, 4],
    ])
  })
})
