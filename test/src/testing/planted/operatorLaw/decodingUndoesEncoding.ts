import fc from 'fast-check'
import { delimited, framed as framedEncoder, lengthPrefixed, utf8 } from 'wallarx'
import { decodingUndoesEncoding, key } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

const codecs: Planted[] = [
  {
    bug: 'an encoder that counts characters in place of bytes',
    codec: {
      encoder: (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]),
      framing: lengthPrefixed(1),
      decoder: utf8,
    },
    message: fc.string({ maxLength: 10, unit: 'grapheme' }),
  },
  {
    bug: 'an encoder that writes text as latin1',
    codec: { encoder: (text: string) => Buffer.from(text, 'latin1'), decoder: utf8 },
    message: fc.string({ maxLength: 10, unit: 'grapheme' }),
  },
  {
    bug: 'a decoder that filters the empty message',
    codec: {
      encoder: framedEncoder(utf8),
      framing: lengthPrefixed(4),
      decoder: (bytes: Buffer) => (bytes.length === 0 ? undefined : String(bytes)),
    },
    message: fc.string({ maxLength: 10 }),
  },
  {
    bug: 'an encoder of lines that does not escape newlines',
    codec: { encoder: (text: string) => `${text}\n`, framing: delimited(), decoder: utf8 },
    message: fc.string({ maxLength: 10, unit: fc.constantFrom('a', 'b', '\n') }),
  },
  {
    bug: 'a decodeAt that reads to the end of the chunk',
    codec: {
      encoder: utf8,
      decoder: { ...utf8, decodeAt: (bytes: Buffer, start: number) => bytes.toString('utf8', start) },
    },
    message: fc.string({ maxLength: 10 }),
  },
].map(({ bug, codec, message }) => ({
  law: 'decodingUndoesEncoding',
  bug,
  check: (options) => decodingUndoesEncoding(() => codec, { messages: fc.array(message), ...options }),
}))

const precision: Planted = {
  law: 'decodingUndoesEncoding',
  bug: 'a codec that takes keys for numbers',
  check: (options) =>
    decodingUndoesEncoding(
      () => ({
        encoder: (one: bigint) => String(Number(one)),
        decoder: (bytes: Buffer) => BigInt(String(bytes)),
      }),
      { messages: fc.array(key()), ...options },
    ),
}

export const right: Planted = {
  law: 'decodingUndoesEncoding',
  bug: 'a codec of keys',
  check: (options) =>
    decodingUndoesEncoding(
      () => ({ encoder: (one: bigint) => String(one), decoder: (bytes: Buffer) => BigInt(String(bytes)) }),
      { messages: fc.array(key()), ...options },
    ),
}

export const planted = [...codecs, precision]
