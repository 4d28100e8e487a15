import { decodeText, type Bytes } from '#platform'
import { knownOptions } from '../base/option.ts'
import { validator, type StandardSchema } from './validate.ts'

/** How `json` and `msgpack` take what they decode. */
export interface CodecOptions<Message> {
  /**
   * What a message has to fit: a schema of zod, valibot or any other library that gives a Standard Schema. The message
   * is what the schema makes of it. It must answer at once: one that gives a promise is `OPTION_INVALID` with the first
   * message, and ends a run. Default: none, a message is whatever was sent
   */
  readonly validate?: StandardSchema<Message> | undefined
}

/** A decoder and encoder of the same messages. */
export interface Codec<Message, Encoded extends string | Uint8Array> {
  readonly name: string
  /** The message of a frame. */
  decode(frame: Bytes): Message
  /** The message in `bytes[start, end)`. */
  decodeAt(bytes: Bytes, start: number, end: number): Message
  /** The message as bytes, or as text to be written in UTF-8. */
  encode(message: Message): Encoded
}

/**
 * Messages as JSON, as decoder and encoder. What is no JSON, or does not fit `validate`, is `DECODE_FAILED`, the latter
 * with the path to what does not fit: a dead letter under `run`.
 *
 * It encodes as `JSON.stringify` does and checks nothing; a bigint, an object inside itself, and what JSON has no text
 * for at all, such as a function, are `ENCODE_FAILED`. A text has no line break in it and none behind it:
 * `framed(json(), { delimiter: '\n' })` writes lines.
 *
 * @example
 * ```ts
 * import { framed, fromAsyncIterable, json, lines } from 'wallarx'
 * import { decode, encode, frame, to } from 'wallarx/operators'
 *
 * type Order = { readonly id: number; readonly items: readonly string[] }
 * const doubled = fromAsyncIterable([Buffer.from('{"id":1,"items":["a"]}\n')]).pipe(
 *   frame(lines()),
 *   decode(json<Order>()),
 *   to(({ id, items }) => ({ id, count: items.length })),
 *   encode(framed(json(), { delimiter: '\n' })),
 * )
 * assert.equal(String(await lastValueFrom(doubled)), '{"id":1,"count":1}\n')
 * ```
 */
export function json<Message = unknown>(options: CodecOptions<Message> = {}): Codec<Message, string> {
  const validate = validator(knownOptions('json', options, { validate: true }).validate)
  return {
    name: 'json',
    decode: (frame) => validate(JSON.parse(decodeText(frame, 0, frame.length))),
    decodeAt: (bytes, start, end) => validate(JSON.parse(decodeText(bytes, start, end))),
    encode(message) {
      const text = JSON.stringify(message) as string | undefined
      if (text === undefined) throw new TypeError(`JSON has no text for a ${typeof message}`)
      return text
    },
  }
}
