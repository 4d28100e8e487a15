import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { delimited } from '../../../src/framing/delimited.ts'
import { createFramer } from '../../../src/framing/framer.ts'
import { lines, type LinesOptions } from '../../../src/framing/lines.ts'
import { byteByByte, chunksOf, framesOf } from './framed.ts'

const mark = '\xef\xbb\xbf'

/** Few different bytes, so that ends of lines and parts of a byte order mark come up everywhere. */
const texts = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n', '\r\n', '\xef', '\xbb', mark), maxLength: 24 })
const cutTexts = texts.chain((text) => {
  const stream = Buffer.from(text, 'latin1')
  return fc.record({ text: fc.constant(text), chunks: fc.oneof(chunksOf(stream), fc.constant(byteByByte(stream))) })
})

/** The lines of a text, and what follows the end of the last one. */
function linesOf(text: string): { ended: string[]; rest: string } {
  const all = (text.startsWith(mark) ? text.slice(3) : text).split(/\r?\n/)
  const rest = all.pop()!
  return { ended: all, rest }
}

describe('lines', () => {
  test('are what stands between \\n or \\r\\n, without a byte order mark, whatever way the text is cut', () => {
    fc.assert(
      fc.property(cutTexts, ({ text, chunks }) => {
        const { ended, rest } = linesOf(text)
        const all = rest === '' ? ended : [...ended, rest]
        expect(framesOf(lines(), chunks)).toEqual({ frames: all, error: undefined })
      }),
    )
  })

  test('come back as they were written, with either end', () => {
    const written = fc.record({
      some: fc.array(fc.string({ unit: fc.constantFrom('a', 'é', ' ') })),
      end: fc.constantFrom('\n', '\r\n'),
    })
    fc.assert(
      fc.property(written, ({ some, end }) => {
        const text = some.map((line) => line + end).join('')
        const { frames, error } = framesOf(lines(), [Buffer.from(`\ufeff${text}`)])
        expect(error).toBeUndefined()
        expect(frames.map((frame) => Buffer.from(frame, 'latin1').toString())).toEqual(some)
      }),
    )
  })

  test("end with FRAME_CUT_OFF where the last one has no end and unterminated is 'error'", () => {
    fc.assert(
      fc.property(cutTexts, ({ text, chunks }) => {
        const { ended, rest } = linesOf(text)
        const { frames, error } = framesOf(lines({ unterminated: 'error' }), chunks)
        expect(frames).toEqual(ended)
        if (rest === '') expect(error).toBeUndefined()
        else expect(error).toMatchObject({ code: 'FRAME_CUT_OFF' })
      }),
    )
  })

  test.each(['error', 'frame'] as const)(
    'longer than maxLength are FRAME_TOO_LONG, after those before them; unterminated: %s',
    (unterminated) => {
      fc.assert(
        fc.property(cutTexts, fc.nat(5), ({ text, chunks }, maxLength) => {
          const { ended, rest } = linesOf(text)
          const tooLong = [...ended, rest].findIndex((line, at) => {
            // What may be half of a line's end, or half of a mark, does not count while the rest of it may come.
            const mayGoOn = at === ended.length && unterminated === 'error'
            if (mayGoOn && line === text && mark.startsWith(line)) return false
            return line.length - (mayGoOn && line.endsWith('\r') ? 1 : 0) > maxLength
          })
          const { frames, error } = framesOf(lines({ maxLength, unterminated }), chunks)
          const all = rest === '' || unterminated === 'error' ? ended : [...ended, rest]
          expect(frames).toEqual(tooLong < 0 ? all : all.slice(0, tooLong))
          if (tooLong >= 0) expect(error).toMatchObject({ code: 'FRAME_TOO_LONG' })
          else if (all.length === ended.length && rest !== '') expect(error).toMatchObject({ code: 'FRAME_CUT_OFF' })
          else expect(error).toBeUndefined()
        }),
      )
    },
  )

  test('are those of delimited() where there is neither a carriage return nor a byte order mark', () => {
    const plain = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 24 }).map((text) => Buffer.from(text))
    fc.assert(
      fc.property(plain.chain(chunksOf), (chunks) => {
        expect(framesOf(lines(), chunks)).toEqual(framesOf(delimited('\n', { unterminated: 'frame' }), chunks))
      }),
    )
  })

  test('keep a mark that is not at the start of the stream: after a restart in the middle too', () => {
    const frames: string[] = []
    const framer = createFramer({
      framing: lines(),
      from: 4,
      onFrame: (bytes, start, end) => frames.push(bytes.toString('latin1', start, end)),
    })
    framer.push(Buffer.from(`${mark}a\n${mark}b\n`, 'latin1'))
    expect(frames).toEqual([`${mark}a`, `${mark}b`])
  })

  test('are as long as maxLength says, also beyond the default of a source; the smaller of two limits holds', () => {
    const long = Buffer.from(`${'a'.repeat(2 ** 20 + 1)}\n`)
    expect(framesOf(lines(), [long]).error).toMatchObject({ code: 'FRAME_TOO_LONG' })
    expect(framesOf(lines({ maxLength: 2 ** 21 }), [long])).toMatchObject({ error: undefined })
    expect(framesOf(lines({ maxLength: 2 ** 21 }), [long], 2 ** 20).error).toMatchObject({ code: 'FRAME_TOO_LONG' })
    expect(framesOf(lines({ maxLength: 1 }), [Buffer.from('aa\n')], 5).error).toMatchObject({ code: 'FRAME_TOO_LONG' })
  })
})

test.each([{ maxLength: -1 }, { maxLength: 0.5 }, { unterminated: 'ignore' }, { delimiter: '\n' }])(
  'lines(%j) is OPTION_INVALID',
  (options) => {
    expect(() => lines(options as LinesOptions)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  },
)
