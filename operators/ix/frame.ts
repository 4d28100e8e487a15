import type { Bytes } from '#platform'
import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { Framing } from '../../src/framing/framing.ts'
import { operate } from './chain/operate.ts'
import { frameStep, type FrameOptions } from '../steps/frame.ts'

/**
 * Cuts a byte stream into frames, whatever way its chunks were cut, as `frame` of `wallarx/operators` does. The frames
 * of one chunk wait to be asked for.
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { lengthPrefixed } from 'wallarx'
 * import { frame } from 'wallarx/operators/ix'
 *
 * const chunks = of(Buffer.from([0, 2, 7]), Buffer.from([8, 0, 0]))
 * assert.deepEqual(await toArray(chunks.pipe(frame(lengthPrefixed(2)))), [Buffer.from([7, 8]), Buffer.from([])])
 * ```
 */
export function frame(framing: Framing, options: FrameOptions = {}): OperatorAsyncFunction<Uint8Array, Bytes> {
  return operate(frameStep(framing, options))
}
