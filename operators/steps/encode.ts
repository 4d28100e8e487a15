import { asBytes, encodeText, type Bytes } from '#platform'
import { encoderOf, type EncoderOrFunction } from '../../src/codec/codec.ts'
import { failureOf } from '../../src/base/errors.ts'
import { shown } from '../../src/base/shown.ts'
import { acceptsText } from '../../src/step/output.ts'
import { failWith } from '../../src/step/failures.ts'
import type { Step } from '../../src/step/step.ts'

/** What `encode` does. */
export function encodeStep<Message>(encoder: EncoderOrFunction<Message>): Step<Message, Bytes> {
  const { name, encode } = encoderOf(encoder)
  const start: Step<Message, Bytes>['start'] = (output, context, meter) => {
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, (thrown, message: Message) =>
      failureOf('ENCODE_FAILED', `the encoder to encode ${shown(message)}`, thrown, where),
    )
    // Straight before `toSink`, text stays text: it is turned into bytes once for a whole batch.
    const { [acceptsText]: keepText } = output
    const next = (message: Message): void => {
      if (meter?.isWanted === true) {
        meter.take(next, message)
        return
      }
      try {
        const encoded = encode(message)
        if (typeof encoded === 'string') {
          output.next(keepText === true ? (encoded as unknown as Bytes) : encodeText(encoded))
        } else if (encoded !== undefined) {
          output.next(bytesOf(encoded))
        } else if (meter !== undefined) meter.dropped++
      } catch (thrown) {
        if (meter !== undefined) meter.dropped++
        fail(thrown, message)
      }
    }
    return { next }
  }
  return { name, operator: 'encode', flow: 'one', start }
}

function bytesOf(bytes: Uint8Array): Bytes {
  if (bytes instanceof Uint8Array) return asBytes(bytes)
  throw new TypeError(`an encoder gives a string, a Uint8Array or undefined, not ${shown(bytes)}`)
}
