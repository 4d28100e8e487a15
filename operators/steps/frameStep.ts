import { checkFraming } from '../../src/framer.ts'
import type { Framing } from '../../src/framing.ts'
import { createStreamFramer } from '../../src/streamFramer.ts'
import type { Step } from '../step.ts'

/** What `frame` takes besides the framing. */
export interface FrameOptions {
  /** The longest frame accepted, in bytes without header or delimiter. Default: 1 MiB */
  readonly maxFrameLength?: number
}

/** What `frame` does. */
export function frameStep(framing: Framing, { maxFrameLength }: FrameOptions): Step<Uint8Array, Buffer> {
  checkFraming(framing, maxFrameLength)
  const start: Step<Uint8Array, Buffer>['start'] = (output, context) => {
    const where = { pipeline: context.pipeline, step: 'frame' }
    const framer = createStreamFramer({ framing, maxFrameLength, where }, output, context)
    return {
      next(chunk) {
        framer.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      },
      complete: framer.end,
      finalize: framer.stop,
    }
  }
  return { start }
}
