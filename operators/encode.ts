import type { OperatorFunction } from 'rxjs'
import { encoderOf, type EncoderOrFunction } from '../src/codec.ts'
import { failureOf, shown } from '../src/errors.ts'
import { acceptsText } from '../src/inPlace.ts'
import { failWith } from './failWith.ts'
import { operate } from './operate.ts'

/**
 * Turns messages into the bytes that leave; a string is written as UTF-8, `undefined` filters. Adds no framing: what the
 * encoder gives is what the sink gets (see `framed`). What the encoder throws is `ENCODE_FAILED`.
 *
 * @example
 * ```ts
 * import { encode } from 'wallarx/operators'
 *
 * const bytes = await lastValueFrom(of(42).pipe(encode((n) => `${n}\n`)))
 * assert.deepEqual(bytes, Buffer.from('42\n'))
 * ```
 */
export function encode<Message>(encoder: EncoderOrFunction<Message>): OperatorFunction<Message, Buffer> {
  const { name, encode } = encoderOf(encoder)
  return operate((output, context) => {
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, (thrown, message: Message) =>
      failureOf('ENCODE_FAILED', `the encoder to encode ${shown(message)}`, thrown, where),
    )
    // Straight before `toSink`, text stays text: it is turned into bytes once for a whole batch.
    const { [acceptsText]: keepText } = output
    return {
      next(message) {
        try {
          const encoded = encode(message)
          if (typeof encoded === 'string') {
            output.next(keepText === true ? (encoded as unknown as Buffer) : Buffer.from(encoded, 'utf8'))
          } else if (encoded !== undefined) {
            output.next(asBuffer(encoded))
          }
        } catch (thrown) {
          fail(thrown, message)
        }
      },
    }
  })
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  throw new TypeError(`an encoder gives a string, a Uint8Array or undefined, not ${shown(bytes)}`)
}
