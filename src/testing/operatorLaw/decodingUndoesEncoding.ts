import { knownOptions } from '../../base/option.ts'
import { checkLaw, lawOptions, recordOf, type LawOptions } from '../law/law.ts'
import fc from 'fast-check'
import { from, mergeMap, toArray, type Observable, type OperatorFunction } from 'rxjs'
import { decode } from '../../../operators/decode.ts'
import { encode } from '../../../operators/encode.ts'
import { frame } from '../../../operators/frame.ts'
import type { Decoder, DecoderOrFunction, EncoderOrFunction } from '../../codec/codec.ts'
import type { Framing } from '../../framing/framing.ts'
import { Breach } from '../law/breach.ts'
import { cutAt, cuts, type Cuts } from '../generator/cuts.ts'
import { expectSameList, seenOf, shownEnd, type Same } from '../law/probe.ts'

/** An encoder with the decoder that reads what it wrote. */
export interface Codec<Message> {
  readonly encoder: EncoderOrFunction<Message>
  readonly decoder: DecoderOrFunction<Message>
  /** How a receiver finds the frames in what the encoder wrote. Default: what it wrote for a message is one frame */
  readonly framing?: Framing | undefined
}

/** Of the law that decoding undoes encoding. */
export interface CodecOptions<Message> extends LawOptions {
  readonly messages: fc.Arbitrary<readonly Message[]>
  /** Default: deep equality that tells `undefined` from absent and -0 from 0 */
  readonly same?: Same<Message> | undefined
}

/**
 * The law that what an encoder writes, a decoder reads: each message comes back equal, once and in order, however its
 * bytes were cut on their way; and `decodeAt`, if the decoder has it, gives what `decode` gives.
 *
 * @param build makes encoder and decoder anew
 * @example
 * ```ts
 * import { framed, lengthPrefixed, utf8 } from 'wallarx'
 * import { decodingUndoesEncoding } from 'wallarx/testing'
 * import fc from 'fast-check'
 *
 * const messages = fc.array(fc.string())
 * const codec = () => ({ encoder: framed(utf8), framing: lengthPrefixed(4), decoder: utf8 })
 * await decodingUndoesEncoding(codec, { messages })
 * ```
 */
export async function decodingUndoesEncoding<Message>(
  build: () => Codec<Message>,
  input: CodecOptions<Message>,
): Promise<void> {
  const { messages, same, ...options } = knownOptions('decodingUndoesEncoding', input, {
    messages: true,
    same: true,
    ...lawOptions,
  })
  await checkLaw({
    law: 'a decoder gives back what the encoder was given',
    where: { law: 'decodingUndoesEncoding' },
    // A clone, so that an encoder that changes its message shows.
    input: recordOf({ messages: fc.clone(messages, 2), cuts }),
    async holds({ messages: [given, expected], cuts: at }) {
      const { encoder, decoder, framing } = build()
      const form: Decoder<Message> = typeof decoder === 'function' ? { decode: decoder } : decoder
      const encoded = from(given).pipe(encode(encoder))
      const frames = framing === undefined ? encoded : encoded.pipe(recut(at), frame(framing))
      for (const [name, variant] of variants(form)) {
        const seen = await seenOf(frames.pipe(decode(variant)))
        const { end } = seen
        if (end?.kind === 'error') throw new Breach(`${shownEnd(end)} (${name})`, { cause: end.error })
        expectSameList(seen.outputs, expected, name === 'decode' ? 'messages' : 'messages of decodeAt', same)
      }
    },
    show: ({ messages: [given] }) => fc.stringify(given),
    options,
  })
}

function variants<Message>(decoder: Decoder<Message>): [name: string, Decoder<Message>][] {
  const whole: Decoder<Message> = { decode: (bytes) => decoder.decode(bytes) }
  if (decoder.decodeAt === undefined) return [['decode', whole]]
  // A frame amid other bytes, which `decodeAt` must not look at.
  const within: Decoder<Message> = {
    decode(bytes) {
      const around = Buffer.concat([Buffer.alloc(3, 0x3f), bytes, Buffer.alloc(3, 0x3f)])
      return decoder.decodeAt!(around, 3, 3 + bytes.length)
    },
  }
  return [
    ['decode', whole],
    ['decodeAt', within],
  ]
}

function recut(at: Cuts): OperatorFunction<Uint8Array, Buffer> {
  return (source: Observable<Uint8Array>) =>
    source.pipe(
      toArray(),
      mergeMap((all) => from(cutAt(Buffer.concat(all), at))),
    )
}
