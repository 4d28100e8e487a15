import type { Bytes } from '#platform'
import type { OperatorFunction } from 'rxjs'
import type { Framing } from '../src/framing/framing.ts'
import { operate } from '../src/step/operate.ts'
import { frameStep, type FrameOptions } from './steps/frame.ts'

/**
 * Cuts a byte stream into frames, whatever way its chunks were cut. A frame is a view into its chunk where it lies in
 * one; bytes must not be changed after they were emitted.
 *
 * Fails with `FRAME_TOO_LONG` before anything is allocated for such a frame, with `FRAME_HEADER_INVALID`, and with
 * `FRAME_CUT_OFF` when the stream ends inside a frame. After any of them the place of the next frame is unknown, so the
 * stream is over: under `run` with a dead letter, elsewhere with the error.
 *
 * @example
 * ```ts
 * import { lengthPrefixed } from 'wallarx'
 * import { frame } from 'wallarx/operators'
 *
 * const chunks = of(Buffer.from([0, 2, 7]), Buffer.from([8, 0, 0]))
 * const frames = await lastValueFrom(chunks.pipe(frame(lengthPrefixed(2)), toArray()))
 * assert.deepEqual(frames, [Buffer.from([7, 8]), Buffer.from([])])
 * ```
 */
export function frame(framing: Framing, options: FrameOptions = {}): OperatorFunction<Uint8Array, Bytes> {
  return operate(frameStep(framing, options))
}
