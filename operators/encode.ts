import type { OperatorFunction } from 'rxjs'
import { encoderOf, type EncoderOrFunction } from '../src/codec.ts'
import { failureOf, shown, WallarxError } from '../src/errors.ts'
import { takesText } from '../src/inPlace.ts'
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
    // Straight before `toSink`, text stays text: it is turned into bytes once for a whole batch.
    const emitText = takesText(output)
    return {
      next(message) {
        const encoded = encode(message)
        if (typeof encoded === 'string') {
          if (emitText) emitText(encoded)
          else output.next(Buffer.from(encoded, 'utf8'))
        } else if (encoded instanceof Uint8Array) {
          output.next(
            Buffer.isBuffer(encoded) ? encoded : Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength),
          )
        } else if (encoded !== undefined) {
          throw new WallarxError('ENCODE_FAILED', {
            expected: 'the encoder to give a string or a Uint8Array',
            got: shown(encoded),
            where,
          })
        }
      },
      failure: (thrown, message) =>
        failureOf('ENCODE_FAILED', `the encoder to encode ${shown(message)}`, thrown, where),
    }
  })
}
