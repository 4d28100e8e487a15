import type { Bytes } from '#platform'
import type { OnFrame } from '../../src/step/output.ts'
import type { Decoder, DecoderOrFunction } from '../../src/codec/codec.ts'
import { failureOf } from '../../src/base/errors.ts'
import { invalidOption } from '../../src/base/option.ts'
import { shown } from '../../src/base/shown.ts'
import { failWith } from '../../src/step/failures.ts'
import type { Step } from '../../src/step/step.ts'

/** What `decode` does. */
export function decodeStep<Message>(decoder: DecoderOrFunction<Message>): Step<Bytes, Message> {
  const form: Decoder<Message> = typeof decoder === 'function' ? { name: decoder.name, decode: decoder } : decoder
  if (typeof (form as Partial<typeof form> | undefined)?.decode !== 'function') {
    throw invalidOption('a decoder', 'a function or an object with the method decode', decoder)
  }
  const name = form.name ?? 'decode'
  const start: Step<Bytes, Message>['start'] = (output, context, meter) => {
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, (thrown, frame: Uint8Array) =>
      failureOf('DECODE_FAILED', `a message in a frame of ${shown(frame)}`, thrown, where),
    )
    const next = (frame: Bytes): void => {
      if (meter?.isWanted === true) {
        meter.take(next, frame)
        return
      }
      try {
        const message = form.decode(frame)
        if (message !== undefined) output.next(message)
        else if (meter !== undefined) meter.dropped++
      } catch (thrown) {
        if (meter !== undefined) meter.dropped++
        fail(thrown, frame)
      }
    }
    if (form.decodeAt === undefined) return { next }
    const decodeAt: OnFrame = (bytes, start, end) => {
      if (meter?.isWanted === true) {
        meter.takeFrame(decodeAt, bytes, start, end)
        return
      }
      try {
        const message = form.decodeAt!(bytes, start, end)
        if (message !== undefined) output.next(message)
        else if (meter !== undefined) meter.dropped++
      } catch (thrown) {
        if (meter !== undefined) meter.dropped++
        fail(thrown, bytes.subarray(start, end))
      }
    }
    return { next, frame: decodeAt }
  }
  return { name, operator: 'decode', flow: 'one', start }
}
