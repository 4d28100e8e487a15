import { NEVER, Observable, of, startWith, take } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { run, type DeadLetter } from '../../src/index.ts'
import { frame } from '../../operators/frame.ts'
import { csv } from '../../src/codec/csv/csv.ts'
import { delimited } from '../../src/framing/delimited.ts'
import { lengthPrefixed } from '../../src/framing/lengthPrefixed.ts'
import { checklist } from './checklist.ts'
import { gather } from './gather.ts'
import { rx } from './twin.ts'

checklist('frame', rx)

describe('frame', () => {
  const broken = Buffer.from([1, 97, 9, 98])

  test('emits the frames before a wrong one, then fails and lets go of its source', async () => {
    let ended = 0
    const source = new Observable<Buffer>((subscriber) => {
      subscriber.add(() => ended++)
      subscriber.next(broken)
      subscriber.next(Buffer.from([1, 99]))
    })
    const { messages, error } = await gather(source.pipe(frame(lengthPrefixed(1), { maxFrameLength: 8 })))
    expect(messages).toEqual([Buffer.from('a')])
    expect(error).toMatchObject({ code: 'FRAME_TOO_LONG', where: { step: 'frame' } })
    expect(ended).toBe(1)
  })

  test('fails with FRAME_CUT_OFF when its source completes inside a frame, and not when it fails there', async () => {
    expect(await gather(of(broken).pipe(frame(lengthPrefixed(1))))).toMatchObject({
      messages: [Buffer.from('a')],
      error: { code: 'FRAME_CUT_OFF', expected: '8 more bytes of a frame of 9' },
    })
    const error = new Error('the source')
    const failing = new Observable<Buffer>((subscriber) => {
      subscriber.next(broken)
      subscriber.error(error)
    })
    expect(await gather(failing.pipe(frame(lengthPrefixed(1))))).toEqual({ messages: [Buffer.from('a')], error })
  })

  test('emits the unterminated last frame where the framing says so', async () => {
    const lines = of(Buffer.from('a\nb')).pipe(frame(delimited('\n', { unterminated: 'frame' })))
    expect(await gather(lines)).toEqual({ messages: [Buffer.from('a'), Buffer.from('b')] })
  })

  test('cuts no further than frames are taken: what is wrong behind them does not show', async () => {
    const frames = of(broken).pipe(frame(lengthPrefixed(1), { maxFrameLength: 8 }), take(1))
    expect(await gather(frames)).toEqual({ messages: [Buffer.from('a')] })
  })

  test('under run makes a dead letter of the chunk and completes', async () => {
    const letters: DeadLetter[] = []
    const frames: unknown[] = []
    const pipeline = new Observable((subscriber) =>
      NEVER.pipe(startWith(broken), frame(lengthPrefixed(1), { maxFrameLength: 8 })).subscribe({
        next: (bytes) => frames.push(bytes),
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    )
    const app = await run({
      name: 'Frames',
      pipelines: { cut: pipeline },
      deadLetters: (letter) => letters.push(letter),
      log: false,
    })
    await app.closed
    expect(frames).toEqual([Buffer.from('a')])
    expect(letters).toMatchObject([{ pipeline: 'cut', error: { code: 'FRAME_TOO_LONG' }, input: broken }])
    expect(app.status().pipelines).toMatchObject({ cut: { lifecycle: 'completed', deadLetters: 1 } })
  })

  test.each([
    ['a maximum length of -1', lengthPrefixed(4), { maxFrameLength: -1 }],
    ['a header length of 0.5', { headerLength: 0.5, payloadLength: () => 1 }, {}],
    ['an empty delimiter', { delimiter: Buffer.alloc(0), unterminated: 'error' } as const, {}],
    ['a codec in place of its framing', csv() as never, {}],
  ])('cannot be made with %s', (_, framing, options) => {
    expect(() => frame(framing, options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})
