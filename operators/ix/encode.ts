import type { Bytes } from '#platform'
import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { EncoderOrFunction } from '../../src/codec/codec.ts'
import { operate } from './chain/operate.ts'
import { encodeStep } from '../steps/encode.ts'

/**
 * Turns messages into the bytes that leave, as `encode` of `wallarx/operators` does.
 *
 * @example
 * ```ts
 * import { first, of } from 'ix/asynciterable'
 * import { encode } from 'wallarx/operators/ix'
 *
 * assert.deepEqual(await first(of(42).pipe(encode((n) => `${n}\n`))), Buffer.from('42\n'))
 * ```
 */
export function encode<Message>(encoder: EncoderOrFunction<Message>): OperatorAsyncFunction<Message, Bytes> {
  return operate(encodeStep(encoder))
}
