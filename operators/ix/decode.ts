import type { Bytes } from '#platform'
import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { DecoderOrFunction } from '../../src/codec/codec.ts'
import { operate } from './chain/operate.ts'
import { decodeStep } from '../steps/decode.ts'

/**
 * Turns frames into messages, as `decode` of `wallarx/operators` does: the same arguments, results and errors.
 *
 * @example
 * ```ts
 * import { from } from 'ix/asynciterable'
 * import { decode } from 'wallarx/operators/ix'
 *
 * for await (const vote of from([Buffer.from([0, 7])]).pipe(decode((frame) => frame.readUInt16BE(0)))) {
 *   assert.equal(vote, 7)
 * }
 * ```
 */
export function decode<Message>(decoder: DecoderOrFunction<Message>): OperatorAsyncFunction<Bytes, Message> {
  return operate(decodeStep(decoder))
}
