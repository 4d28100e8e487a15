import type { Bytes } from '#platform'
import type { OperatorFunction } from 'rxjs'
import type { DecoderOrFunction } from '../src/codec/codec.ts'
import { operate } from '../src/step/operate.ts'
import { decodeStep } from './steps/decode.ts'

/**
 * Turns frames into messages. `undefined` filters the frame. What the decoder throws is bad input (`DECODE_FAILED`): a
 * dead letter under `run`, elsewhere an error.
 *
 * @example
 * ```ts
 * import { decode } from 'wallarx/operators'
 *
 * const votes = of(Buffer.from([0, 7])).pipe(decode((frame) => frame.readUInt16BE(0)))
 * assert.equal(await lastValueFrom(votes), 7)
 * ```
 */
export function decode<Message>(decoder: DecoderOrFunction<Message>): OperatorFunction<Bytes, Message> {
  return operate(decodeStep(decoder))
}
