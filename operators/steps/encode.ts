import type { StepMeter } from '../../src/context/meter.ts'
import { encoderOf, type EncoderOrFunction } from '../../src/codec/codec.ts'
import { failureOf } from '../../src/base/errors.ts'
import { shown } from '../../src/base/shown.ts'
import { acceptsText } from '../../src/step/output.ts'
import { failWith } from '../../src/step/failures.ts'
import type { Step } from '../../src/step/step.ts'

/** What `encode` does. */
export function encodeStep<Message>(encoder: EncoderOrFunction<Message>): Step<Message, Buffer> {
  const { name, encode } = encoderOf(encoder)
  const start: Step<Message, Buffer>['start'] = (output, context) => {
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, (thrown, message: Message) =>
      failureOf('ENCODE_FAILED', `the encoder to encode ${shown(message)}`, thrown, where),
    )
    // Straight before `toSink`, text stays text: it is turned into bytes once for a whole batch.
    const { [acceptsText]: keepText } = output
    return {
      next(message) {
        try {
          const encoded = encode(message)
          if (typeof encoded === 'string') {
            output.next(keepText === true ? (encoded as unknown as Buffer) : Buffer.from(encoded, 'utf8'))
          } else if (encoded !== undefined) {
            output.next(asBuffer(encoded))
          }
        } catch (thrown) {
          fail(thrown, message)
        }
      },
    }
  }
  return { name, operator: 'encode', start, counted }
}

const counted =
  <In>(next: (message: In) => void, meter: StepMeter) =>
  (message: In): void => {
    if (--meter.left === 0) meter.take(next, message)
    else next(message)
  }


function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  throw new TypeError(`an encoder gives a string, a Uint8Array or undefined, not ${shown(bytes)}`)
}
