import type { OperatorFunction } from 'rxjs'
import type { DecoderOrFunction } from '../src/codec.ts'
import { failureOf, shown } from '../src/errors.ts'
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
  const form = typeof decoder === 'function' ? { name: decoder.name, decode: decoder } : decoder
  return operate((output, context) => {
    const where = { pipeline: context.pipeline, step: form.name ?? 'decode' }
    return {
      next(frame) {
        const message = form.decode(frame)
        if (message !== undefined) output.next(message)
      },
      ...('decodeAt' in form && {
        frame(bytes: Buffer, start: number, end: number) {
          const message = form.decodeAt!(bytes, start, end)
          if (message !== undefined) output.next(message)
        },
      }),
      failure: (thrown, frame) => failureOf('DECODE_FAILED', `a message in a frame of ${shown(frame)}`, thrown, where),
    }
  })
}
