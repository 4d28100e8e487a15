import fc from 'fast-check'
import { from, map, of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { encode } from '../../operators/encode.ts'
import { toSink } from '../../operators/toSink.ts'
import { createByteBatch } from '../../src/sink/byteBatch.ts'
import { framed, utf8 } from '../../src/codec/codec.ts'
import type { ByteSink } from '../../src/sink/sink.ts'
import { checklist } from './checklist.ts'
import { gather } from './gather.ts'
import { rx } from './twin.ts'

checklist('encode', rx)

test.each([undefined, 'utf8', { name: 'no encode' }])('encode and framed cannot be made from %j', (encoder) => {
  const invalid = expect.objectContaining({ code: 'OPTION_INVALID' }) as unknown
  expect(() => encode(encoder as never)).toThrow(invalid)
  expect(() => framed(encoder as never)).toThrow(invalid)
})

/** A sink that gathers its bytes as those of this package do. */
function byteSink(acceptsText: boolean): { sink: ByteSink; bytes: () => string; text: () => number } {
  const buffers: Buffer[] = []
  let text = 0
  return {
    bytes: () => Buffer.concat(buffers).toString('hex'),
    text: () => text,
    sink: {
      name: 'bytes',
      acceptsText,
      open() {
        const batch = createByteBatch((bytes) => buffers.push(bytes))
        return {
          write(bytes) {
            if (typeof bytes === 'string') text++
            batch.write(bytes)
          },
          close() {
            batch.flush()
            return Promise.resolve()
          },
          abort() {},
        }
      },
    },
  }
}

/** A foreign operator that does nothing, but stands in between. */
const foreign = map(<Message>(message: Message): Message => message)

describe('encode', () => {
  const outputs = fc.array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.uint8Array({ maxLength: 20 }),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc.integer({ min: 30_000, max: 70_000 }).map((length) => 'ü'.repeat(length)),
      fc.integer({ min: 30_000, max: 70_000 }).map((length) => Buffer.alloc(length, 7)),
      fc.constant(undefined),
    ),
    { maxLength: 12 },
  )

  test('straight before toSink writes the bytes that it writes with another operator in between', async () => {
    await fc.assert(
      fc.asyncProperty(outputs, async (list) => {
        const encoded = from(list.map((output) => ({ output }))).pipe(encode(({ output }) => output))
        const expected = Buffer.concat(
          list.map((output) => (typeof output === 'string' ? Buffer.from(output) : (output ?? Buffer.alloc(0)))),
        ).toString('hex')
        const strings = list.filter((output) => typeof output === 'string').length

        const straight = byteSink(true)
        await gather(encoded.pipe(toSink(straight.sink)))
        expect(straight.bytes()).toBe(expected)
        expect(straight.text()).toBe(strings)

        const apart = byteSink(true)
        await gather(encoded.pipe(foreign, toSink(apart.sink)))
        expect(apart.bytes()).toBe(expected)
        expect(apart.text()).toBe(0)

        const bytesOnly = byteSink(false)
        await gather(encoded.pipe(toSink([byteSink(true).sink, bytesOnly.sink])))
        expect(bytesOnly.bytes()).toBe(expected)
        expect(bytesOnly.text()).toBe(0)
      }),
    )
  })

  test('gives views of what the encoder gives, as Buffers', async () => {
    const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    const { messages } = await gather(of(0).pipe(encode(() => bytes)))
    expect(messages).toEqual([Buffer.from([2, 3])])
    expect(messages[0]!.buffer).toBe(bytes.buffer)
    const buffer = Buffer.from('x')
    expect((await gather(of(0).pipe(encode(() => buffer)))).messages[0]).toBe(buffer)
  })

  test('emits empty outputs', async () => {
    expect(await gather(of('', 'a').pipe(encode(utf8)))).toEqual({ messages: [Buffer.alloc(0), Buffer.from('a')] })
  })

  test.each([
    ['a number', 5],
    ['null', null],
    ['an array', [1]],
    ['a DataView', new DataView(new ArrayBuffer(1))],
    ['a promise', Promise.resolve('x')],
  ])('says ENCODE_FAILED to %s', async (_, result) => {
    const { messages, error } = await gather(of('m').pipe(encode({ name: 'odd', encode: () => result as never })))
    expect(messages).toEqual([])
    expect(error).toMatchObject({ code: 'ENCODE_FAILED', kind: 'user code', where: { step: 'odd' } })
  })

  test('says in ENCODE_FAILED which encoder could not write which message', async () => {
    const { error } = await gather(of('é'.repeat(200)).pipe(encode(framed(utf8, { headerLength: 1 }))))
    expect(error).toMatchObject({
      code: 'ENCODE_FAILED',
      where: { step: 'utf8' },
      got: 'RangeError: 400 bytes do not fit a length of 1 bytes',
    })
    expect((error as Error).message).toContain('the encoder to encode "éé')
  })
})
