import { concat, from, lastValueFrom, NEVER, Observable, of, Subject, throwError } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { encode } from '../../operators/encode.ts'
import { to } from '../../operators/to.ts'
import { toSink } from '../../operators/toSink.ts'
import type { Sink, SinkContext } from '../../src/sink/sink.ts'
import { observerSink } from '../../src/sink/observer.ts'
import { fromAsyncIterable } from '../../src/source/asyncIterable.ts'
import { takeUnhandledErrors } from '../support/unhandledErrors.ts'
import { turn } from './asynchronousSteps.ts'
import { checklist } from './checklist.ts'
import { gather } from './gather.ts'
import { rx } from './twin.ts'

/** A sink that logs what its writers are told, and closes when the test says so. */
function loggingSink<Message>(
  name = 'log',
  acceptsText = false,
): Sink<Message> & {
  readonly log: unknown[]
  context(): SinkContext
  close: { resolve(): void; reject(error: unknown): void } | undefined
} {
  const log: unknown[] = []
  let context: SinkContext | undefined
  const sink = {
    name,
    acceptsText,
    log,
    context: () => context!,
    close: undefined as { resolve(): void; reject(error: unknown): void } | undefined,
    open(given: SinkContext) {
      context = given
      log.push('open')
      return {
        write: (message: Message) => log.push(message),
        close: (failure?: { readonly error: unknown }) => {
          log.push(failure === undefined ? 'close' : `close after ${String(failure.error)}`)
          return new Promise<void>((resolve, reject) => {
            sink.close = { resolve, reject }
          })
        },
        abort: () => log.push('abort'),
      }
    },
  }
  return sink
}

checklist('toSink', rx)

describe('toSink', () => {
  test('opens its sink when it is subscribed to, once for each subscription', () => {
    const sink = loggingSink<number>()
    const pipeline = NEVER.pipe(toSink(sink))
    expect(sink.log).toEqual([])
    const subscriptions = [pipeline.subscribe(), pipeline.subscribe()]
    expect(sink.log).toEqual(['open', 'open'])
    for (const subscription of subscriptions) subscription.unsubscribe()
    expect(sink.log).toEqual(['open', 'open', 'abort', 'abort'])
  })

  test('writes, closes, and completes when the sink has closed', async () => {
    const sink = loggingSink<number>()
    let ended = false
    const end = gather(of(1, 2).pipe(toSink(sink))).finally(() => (ended = true))
    expect(sink.log).toEqual(['open', 1, 2, 'close'])
    await turn()
    expect(ended).toBe(false)
    sink.close!.resolve()
    expect(await end).toEqual({ messages: [] })
  })

  test('writes each message to all of its sinks, in their order, and waits for all of them', async () => {
    const log: unknown[] = []
    const sinks = ['one', 'two', 'three'].map((name) => {
      const sink = loggingSink<number>(name)
      sink.log.push = (entry: unknown) => log.push(`${name}: ${String(entry)}`)
      return sink
    })
    let ended = false
    const end = gather(of(1, 2).pipe(toSink(sinks))).finally(() => (ended = true))
    expect(log).toEqual(
      ['open', '1', '2', 'close'].flatMap((entry) => ['one', 'two', 'three'].map((name) => `${name}: ${entry}`)),
    )
    for (const at of [2, 0]) sinks[at]!.close!.resolve()
    await turn()
    expect(ended).toBe(false)
    sinks[1]!.close!.resolve()
    await end
  })

  test('closes with the failure of its source, then passes it on', async () => {
    const sink = loggingSink<number>()
    const error = new Error('the source')
    let ended = false
    const end = gather(
      concat(
        of(1),
        throwError(() => error),
      ).pipe(toSink(sink)),
    ).finally(() => (ended = true))
    expect(sink.log).toEqual(['open', 1, 'close after Error: the source'])
    await turn()
    expect(ended).toBe(false)
    sink.close!.resolve()
    expect(await end).toEqual({ messages: [], error })
  })

  test('fails when a sink cannot be closed, and aborts them all', async () => {
    const [one, two] = [loggingSink<number>(), loggingSink<number>()]
    const end = gather(of(1).pipe(toSink([one, two])))
    const error = new Error('disk full')
    one.close!.reject(error)
    expect(await end).toEqual({ messages: [], error })
    expect(two.log).toContain('abort')
  })

  test('fails when closing throws at once, as where an observer throws at its completion', async () => {
    const error = new Error('the observer')
    const sink = observerSink<number>({
      complete() {
        throw error
      },
    })
    expect(await gather(of(1).pipe(toSink(sink)))).toEqual({ messages: [], error })
    expect(await gather(fromAsyncIterable([1]).pipe(toSink(sink)))).toEqual({ messages: [], error })
  })

  test('fails when writing throws, and lets go of its source', async () => {
    const error = new Error('the observer')
    const subject = new Subject<number>()
    const sink = observerSink<number>({
      next() {
        throw error
      },
    })
    const end = gather(subject.pipe(toSink(sink)))
    subject.next(1)
    expect(await end).toMatchObject({ messages: [], error: { code: 'SINK_FAILED', cause: error } })
    expect(subject.observed).toBe(false)
  })

  test('fails when a sink says it cannot go on, and lets go of its source', async () => {
    const subject = new Subject<number>()
    const sink = loggingSink<number>()
    const end = gather(subject.pipe(toSink(sink)))
    subject.next(1)
    const error = new Error('disk full')
    sink.context().fail(error)
    expect(await end).toEqual({ messages: [], error })
    expect(subject.observed).toBe(false)
    subject.next(2)
    expect(sink.log).toEqual(expect.arrayContaining(['open', 1, 'abort']))
    expect(sink.log).not.toContain(2)
    expect(await takeUnhandledErrors()).toEqual([])
  })

  test('fails when a sink cannot be opened, aborts the open ones, and never subscribes to its source', async () => {
    const error = new Error('no such folder')
    const first = loggingSink<number>()
    const broken: Sink<number> = {
      name: 'broken',
      open() {
        throw error
      },
    }
    let subscribed = 0
    const source = new Observable<number>(() => {
      subscribed++
    })
    expect(await gather(source.pipe(toSink([first, broken])))).toEqual({ messages: [], error })
    expect(first.log).toEqual(['open', 'abort'])
    expect(subscribed).toBe(0)
  })

  test('drops what is not handed over yet when it is unsubscribed from, also while it closes', () => {
    const sink = loggingSink<number>()
    const subscription = of(1).pipe(toSink(sink)).subscribe()
    expect(sink.log).toEqual(['open', 1, 'close'])
    subscription.unsubscribe()
    expect(sink.log).toEqual(['open', 1, 'close', 'abort'])
  })

  test('writes nothing once it closes', () => {
    const subject = new Subject<number>()
    const sink = loggingSink<number>()
    const subscription = subject
      .pipe(
        to((n) => n),
        toSink(sink),
      )
      .subscribe()
    subject.next(1)
    subject.complete()
    // eslint-disable-next-line rxjs-x/no-redundant-notify -- what a source in error may do
    subject.next(2)
    expect(sink.log).toEqual(['open', 1, 'close'])
    subscription.unsubscribe()
  })

  test('takes text straight from encode only where all of its sinks take text', () => {
    for (const [takers, written] of [
      [[true], 'ü'],
      [[false], Buffer.from('ü')],
      [[true, true], 'ü'],
      [[true, false], Buffer.from('ü')],
    ] as const) {
      const sinks = takers.map((taker) => loggingSink<Uint8Array | string>('log', taker))
      const subscription = of('ü')
        .pipe(
          encode((text) => text),
          toSink(sinks),
        )
        .subscribe()
      for (const sink of sinks) expect(sink.log[1]).toEqual(written)
      subscription.unsubscribe()
    }
  })

  test('keeps a source of ours from giving more while its sink holds', async () => {
    let pulled = 0
    function* numbers(): Generator<number> {
      while (pulled < 10) yield pulled++
    }
    const sink = loggingSink<number>()
    const end = gather(fromAsyncIterable(numbers()).pipe(toSink(sink)))
    const release = sink.context().holds.take('the test')
    await turn()
    expect(pulled).toBeLessThanOrEqual(1)
    expect(sink.log).toEqual(['open'])
    release()
    await turn()
    expect(sink.log).toEqual(['open', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 'close'])
    sink.close!.resolve()
    await end
  })

  test('keeps the order of messages that a write leads to', async () => {
    const subject = new Subject<number>()
    const seen: number[] = []
    const sink = observerSink<number>({
      next(n) {
        if (n === 1) subject.next(3)
        seen.push(n)
        if (n === 3) subject.complete()
      },
    })
    const end = gather(subject.pipe(toSink(sink)))
    from([1, 2]).subscribe(subject)
    await end
    expect(seen).toEqual([1, 3])
  })

  test.each([
    ['no sinks', []],
    ['something else than a sink', {}],
    ['undefined', undefined],
    ['undefined among sinks', [observerSink({}), undefined]],
  ])('cannot be made with %s', (_, sinks) => {
    expect(() => toSink(sinks as never)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})

test('a sink that throws as it writes fails the pipeline with SINK_FAILED, not the step before it', async () => {
  const boom = new Error('boom')
  const sink = observerSink({
    next: () => {
      throw boom
    },
  })
  const pipeline = of(1).pipe(
    to((n: number) => n + 1),
    toSink(sink),
  )
  await expect(lastValueFrom(pipeline)).rejects.toMatchObject({ code: 'SINK_FAILED', cause: boom })
})
