import type { StepMeter } from '../../src/context/meter.ts'
import type { OnFrame } from '../../src/step/output.ts'
import type { Decoder, DecoderOrFunction } from '../../src/codec/codec.ts'
import { failureOf } from '../../src/base/errors.ts'
import { shown } from '../../src/base/shown.ts'
import { failWith } from '../../src/step/failures.ts'
import type { Step } from '../../src/step/step.ts'

/** What `decode` does. */
export function decodeStep<Message>(decoder: DecoderOrFunction<Message>): Step<Buffer, Message> {
  const form: Decoder<Message> = typeof decoder === 'function' ? { name: decoder.name, decode: decoder } : decoder
  const name = form.name ?? 'decode'
  const start: Step<Buffer, Message>['start'] = (output, context) => {
    const where = { pipeline: context.pipeline, step: name }
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
  }
  return { name, operator: 'decode', start, counted, countedFrame }
}

const counted =
  <In>(next: (message: In) => void, meter: StepMeter) =>
  (message: In): void => {
    if (--meter.left === 0) meter.take(next, message)
    else next(message)
  }

const countedFrame =
  (frame: OnFrame, meter: StepMeter): OnFrame =>
  (bytes, start, end) => {
    if (--meter.left === 0) meter.takeFrame(frame, bytes, start, end)
    else frame(bytes, start, end)
  }

