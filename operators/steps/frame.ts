import { asBytes, type Bytes } from '#platform'
import { knownOptions } from '../../src/base/option.ts'
import { checkFraming } from '../../src/framing/framer.ts'
import type { Framing } from '../../src/framing/framing.ts'
import { createStreamFramer } from '../../src/framing/streamFramer.ts'
import type { Step } from '../../src/step/step.ts'

/** What `frame` takes besides the framing. */
export interface FrameOptions {
  /** The longest frame accepted, in bytes without header or delimiter. Default: 1 MiB */
  readonly maxFrameLength?: number
}

/** What `frame` does. */
export function frameStep(framing: Framing, options: FrameOptions): Step<Uint8Array, Bytes> {
  const { maxFrameLength } = knownOptions('frame', options, { maxFrameLength: true })
  checkFraming(framing, maxFrameLength)
  const name = 'frame'
  const start: Step<Uint8Array, Bytes>['start'] = (output, context, meter) => {
    const where = { pipeline: context.pipeline, step: name }
    const framer = createStreamFramer({ framing, maxFrameLength, where }, output, context)
    const next = (chunk: Uint8Array): void => {
      if (meter?.isWanted === true) meter.take(next, chunk)
      else framer.push(asBytes(chunk))
    }
    return {
      next,
      complete: framer.end,
      finalize: framer.stop,
    }
  }
  return { name, operator: 'frame', start }
}
