import type { Bytes } from '#platform'
import type { OperatorFunction } from 'rxjs'
import type { EncoderOrFunction } from '../src/codec/codec.ts'
import { operate } from '../src/step/operate.ts'
import { encodeStep } from './steps/encode.ts'

/**
 * Turns messages into the bytes that leave; a string is written as UTF-8, `undefined` filters. Adds no framing: what
 * the encoder gives is what the sink gets (see `framed`). What the encoder throws is `ENCODE_FAILED`.
 *
 * @example
 * ```ts
 * import { encode } from 'wallarx/operators'
 *
 * const bytes = await lastValueFrom(of(42).pipe(encode((n) => `${n}\n`)))
 * assert.deepEqual(bytes, Buffer.from('42\n'))
 * ```
 */
export function encode<Message>(encoder: EncoderOrFunction<Message>): OperatorFunction<Message, Bytes> {
  return operate(encodeStep(encoder))
}
