import fc from 'fast-check'
import { concat, from, NEVER, Observable, of, throwError } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { encode } from '../../../operators/encode.ts'
import { toSink } from '../../../operators/toSink.ts'
import type { BacklogOptions } from '../../../src/sink/backlog.ts'
import { within } from '../../../src/context/context.ts'
import type { ByteSink } from '../../../src/sink/sink.ts'
import { fromAsyncIterable } from '../../../src/source/asyncIterable.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { turn } from '../../operators/asynchronousSteps.ts'
import { gather } from '../../operators/gather.ts'
import { takeUnhandledErrors } from '../../support/unhandledErrors.ts'

/** A stream to write to, as a test sees it. */
interface Target {
  /** What has been written. */
  readonly chunks: Buffer[]
  /** Called for each write; the next one begins when it has resolved, and it fails the stream when it rejects. */
  write: () => Promise<void>
  /** Called when the stream is closed after all writes. */
  close: () => Promise<void>
  closed: boolean
  aborted: boolean
}

interface ByteSinkForm {
  readonly make: (target: Target, options?: BacklogOptions) => ByteSink
}

const settle = async (turns = 10): Promise<void> => {
  for (let at = 0; at < turns; at++) await turn()
}

function target(write = (): Promise<void> => Promise.resolve()): Target {
  return { chunks: [], write, close: () => Promise.resolve(), closed: false, aborted: false }
}

/** A gate that each write passes when it is opened. */
function gate(): { pass: () => Promise<void>; open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { pass: () => opened, open }
}

const bytesOf = ({ chunks }: Target): string => Buffer.concat(chunks).toString()

/** What every sink owes that writes one buffer after the other. */
export function byteSinks(name: string, { make }: ByteSinkForm): void {
  describe(name, () => {
    test('writes all bytes in order, then closes, then completes', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof(
              fc.string({ unit: 'grapheme' }),
              fc.nat(80_000).map((length) => 'x'.repeat(length)),
            ),
          ),
          fc.boolean(),
          fc.boolean(),
          async (texts, asBytes, slowly) => {
            const written = target(slowly ? turn : undefined)
            const messages = from(texts).pipe(encode((text) => (asBytes ? Buffer.from(text) : text)))
            expect(await gather(messages.pipe(toSink(make(written))))).toEqual({ messages: [] })
            expect(bytesOf(written)).toBe(texts.join(''))
            expect(written).toMatchObject({ closed: true, aborted: false })
          },
        ),
        { numRuns: 40 },
      )
    })

    test('copies what it is given', async () => {
      const written = target()
      const reused = Buffer.alloc(3)
      const messages = new Observable<Buffer>((subscriber) => {
        for (const text of ['abc', 'def']) {
          reused.write(text)
          subscriber.next(reused)
        }
        reused.fill(0)
        subscriber.complete()
      })
      await gather(messages.pipe(toSink(make(written))))
      expect(bytesOf(written)).toBe('abcdef')
    })

    test('gathers what comes in one turn into one write', async () => {
      const written = target()
      await gather(
        from(Array<string>(1000).fill('ab')).pipe(
          encode((text) => text),
          toSink(make(written)),
        ),
      )
      expect(written.chunks).toHaveLength(1)
    })

    test('holds the sources while more than its high-water mark waits, and lets them go at half of it', async () => {
      const { pass, open } = gate()
      const written = target(pass)
      const context = standaloneContext()
      const chunk = Buffer.alloc(64 * 1024, 'x')
      let pulled = 0
      function* chunks(): Generator<Buffer> {
        while (pulled++ < 20) yield chunk
      }
      const sink = make(written, { highWaterMark: 256 * 1024 })
      const end = within(context, () => gather(fromAsyncIterable(chunks()).pipe(toSink(sink))))
      await settle(30)
      expect(context.backPressure.holds.list()).toMatchObject([{ name: sink.name }])
      expect(pulled).toBeLessThanOrEqual(256 / 64 + 2)
      open()
      expect(await end).toEqual({ messages: [] })
      expect(Buffer.concat(written.chunks)).toHaveLength(20 * chunk.length)
      expect(context.backPressure.holds.list()).toEqual([])
    })

    test('fails with BUFFER_OVERFLOW when what waits passes maxBuffered, because a source cannot be held', async () => {
      const written = target(() => new Promise(() => undefined))
      const endless = new Observable<Buffer>((subscriber) => {
        const timer = setInterval(() => {
          subscriber.next(Buffer.alloc(40 * 1024))
        })
        return () => {
          clearInterval(timer)
        }
      })
      const sink = make(written, { highWaterMark: 50_000, maxBuffered: 100_000 })
      expect(await gather(endless.pipe(toSink(sink)))).toMatchObject({
        messages: [],
        error: { code: 'BUFFER_OVERFLOW', kind: 'environment', where: { sink: sink.name } },
      })
      await settle()
      expect(written.aborted).toBe(true)
    })

    test('fails once with SINK_FAILED and the cause when the stream fails, and lets go of the source', async () => {
      const cause = new Error('disk full')
      const written = target(() => Promise.reject(cause))
      const context = standaloneContext()
      let released = 0
      const source = new Observable<Buffer>((subscriber) => {
        subscriber.next(Buffer.from('a'))
        return () => {
          released++
        }
      })
      const sink = make(written, { highWaterMark: 1 })
      const { messages, error } = await within(context, () => gather(source.pipe(toSink(sink))))
      expect(messages).toEqual([])
      expect(error).toMatchObject({ code: 'SINK_FAILED', kind: 'environment', cause, where: { sink: sink.name } })
      expect(released).toBe(1)
      expect(context.backPressure.holds.list()).toEqual([])
      expect(await takeUnhandledErrors()).toEqual([])
    })

    test('fails with SINK_FAILED when the stream cannot be closed', async () => {
      const cause = new Error('cannot close')
      const written = target()
      written.close = () => Promise.reject(cause)
      expect(await gather(of(Buffer.from('a')).pipe(toSink(make(written))))).toMatchObject({
        error: { code: 'SINK_FAILED', cause },
      })
    })

    test('writes what came before an error of the source, closes, and passes the error on', async () => {
      const { pass, open } = gate()
      const written = target(pass)
      const error = new Error('the source')
      const end = gather(
        concat(
          of(Buffer.from('a')),
          throwError(() => error),
        ).pipe(toSink(make(written))),
      )
      await settle()
      expect(written.closed).toBe(false)
      open()
      expect(await end).toEqual({ messages: [], error })
      expect(bytesOf(written)).toBe('a')
      expect(written.closed).toBe(true)
    })

    test('aborts the stream when it is unsubscribed from, while a write waits too, and releases its hold', async () => {
      const written = target(() => new Promise(() => undefined))
      const context = standaloneContext()
      const sink = make(written, { highWaterMark: 1 })
      const subscription = within(context, () =>
        concat(of(Buffer.from('a')), NEVER)
          .pipe(toSink(sink))
          .subscribe(),
      )
      await settle()
      expect(context.backPressure.holds.held).toBe(true)
      subscription.unsubscribe()
      expect(context.backPressure.holds.held).toBe(false)
      await settle()
      expect(written).toMatchObject({ closed: false, aborted: true })
    })

    test.each([
      { highWaterMark: 0 },
      { highWaterMark: 1.5 },
      { highWaterMark: 10, maxBuffered: 9 },
      { maxBuffered: NaN },
    ])('cannot be made with %j', (options) => {
      expect(() => make(target(), options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    })
  })
}
