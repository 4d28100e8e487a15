import type { OperatorFunction } from 'rxjs'
import type { Decoder, DecoderOrFunction } from '../src/codec.ts'
import { failureOf, shown } from '../src/errors.ts'
import { failWith } from './failWith.ts'
import { operate } from './operate.ts'

/**
 * Turns frames into messages. `undefined` filters the frame. What the decoder throws is bad input (`DECODE_FAILED`): a dead
 * letter under `run`, elsewhere an error.
 *
 * @example
 * ```ts
 * import { decode } from 'wallarx/operators'
 *
 * const votes = of(Buffer.from([0, 7])).pipe(decode((frame) => frame.readUInt16BE(0)))
 * assert.equal(await lastValueFrom(votes), 7)
 * ```
 */
export function decode<Message>(decoder: DecoderOrFunction<Message>): OperatorFunction<Buffer, Message> {
  const form: Decoder<Message> = typeof decoder === 'function' ? { name: decoder.name, decode: decoder } : decoder
  return operate((output, context) => {
    const where = { pipeline: context.pipeline, step: form.name ?? 'decode' }
    const fail = failWith(output, context, (thrown, frame: Uint8Array) =>
      failureOf('DECODE_FAILED', `a message in a frame of ${shown(frame)}`, thrown, where),
    )
    const next = (frame: Buffer): void => {
      try {
        const message = form.decode(frame)
        if (message !== undefined) output.next(message)
      } catch (thrown) {
        fail(thrown, frame)
      }
    }
    if (form.decodeAt === undefined) return { next }
    return {
      next,
      frame(bytes, start, end) {
        try {
          const message = form.decodeAt!(bytes, start, end)
          if (message !== undefined) output.next(message)
        } catch (thrown) {
          fail(thrown, bytes.subarray(start, end))
        }
      },
    }
  })
}
