import { EMPTY, NEVER, Observable, of, Subject, take, toArray, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fromAsyncIterable } from '../../src/source/asyncIterable.ts'
import { takeUnhandledErrors } from '../support/unhandledErrors.ts'
import { cases, chain, type OfOneStream } from './cases.ts'
import type { Checked } from './checked.ts'
import { gather } from './gather.ts'
import type { Operators, Twin } from './twin.ts'

/** What every operator owes its user, in each of its forms: alone and among neighbours of our own. */
export function checklist(operator: OfOneStream, { operators, direct, toRx }: Twin): void {
  for (const [name, checked] of cases(operators)[operator]) {
    describe.each<[string, Checked<never, unknown>]>([
      [name, checked],
      [`${name} between other operators of ours`, amongNeighbours(checked, operators)],
    ])('%s', (_, operator) => {
      checkAll({ ...operator, build: (before) => toRx(operator.build(before)) }, direct)
    })
  }
}

function amongNeighbours<In, Out>(checked: Checked<In, Out>, { to }: Operators): Checked<In, Out> {
  const pass = <Message>(): OperatorFunction<Message, Message> => to((message: Message) => message)
  return {
    ...checked,
    build: (before) => chain(chain(pass<In>(), checked.build(before)), pass<Out>()),
  }
}

/** A source that counts its subscriptions and their ends. */
function watched<Message>(source: Observable<Message>): { source: Observable<Message>; begun: number; ended: number } {
  const watch = {
    begun: 0,
    ended: 0,
    source: new Observable<Message>((subscriber) => {
      watch.begun++
      subscriber.add(() => watch.ended++)
      source.subscribe(subscriber)
    }),
  }
  return watch
}

function checkAll<In, Out>({ build, inputs, outputs, code, concurrency }: Checked<In, Out>, direct: boolean): void {
  const [first] = inputs
  const all = outputs.flat()
  const emits = all.length > 0

  test('completes when its source is empty', async () => {
    expect(await gather(EMPTY.pipe(build()))).toEqual({ messages: [] })
  })

  test('takes one message', async () => {
    expect(await gather(of(first).pipe(build()))).toEqual({ messages: outputs[0] })
  })

  test('takes many messages in order, and lets go of its source once', async () => {
    const watch = watched(of(...inputs))
    expect(await gather(watch.source.pipe(build()))).toEqual({ messages: all })
    expect(watch).toMatchObject({ begun: 1, ended: 1 })
  })

  test('takes many messages that come one by one', async () => {
    const later = fromAsyncIterable(inputs)
    expect(await gather(later.pipe(build()))).toEqual({ messages: all })
  })

  test('passes an error of its source once, and nothing after it', async () => {
    const error = new Error('the source')
    const seen: unknown[] = []
    const failing = new Observable<In>((subscriber) => {
      for (const input of inputs) subscriber.next(input)
      subscriber.error(error)
      /* eslint-disable rxjs-x/no-redundant-notify -- what a source in error may do */
      subscriber.next(first)
      subscriber.error(new Error('another'))
      subscriber.complete()
      /* eslint-enable rxjs-x/no-redundant-notify */
    })
    const watch = watched(failing)
    await new Promise<void>((resolve) => {
      watch.source.pipe(build()).subscribe({
        next: (message) => seen.push(message),
        error: (thrown: unknown) => {
          seen.push(thrown)
          resolve()
        },
        complete: () => seen.push('complete'),
      })
    })
    await takeUnhandledErrors() // lets come what may still be on its way
    if (concurrency === undefined) expect(seen).toEqual([...all, error])
    else expect(seen.filter((message) => message === error || message === 'complete')).toEqual([error])
    expect(seen.at(-1)).toBe(error)
    expect(watch).toMatchObject({ begun: 1, ended: 1 })
  })

  test('is silent while its source is, and lets go of it once when it is unsubscribed from', () => {
    const watch = watched<In>(NEVER)
    const seen: unknown[] = []
    const subscription = watch.source.pipe(build()).subscribe({
      next: (message) => seen.push(message),
      error: (thrown: unknown) => seen.push(thrown),
      complete: () => seen.push('complete'),
    })
    expect(watch).toMatchObject({ begun: 1, ended: 0 })
    subscription.unsubscribe()
    subscription.unsubscribe()
    expect(seen).toEqual([])
    expect(watch).toMatchObject({ begun: 1, ended: 1 })
  })

  test('emits nothing after an early unsubscription', async () => {
    const subject = new Subject<In>()
    const watch = watched(subject)
    const seen: unknown[] = []
    let calls = 0
    const subscription = watch.source.pipe(build(() => calls++)).subscribe({
      next: (message) => seen.push(message),
      complete: () => seen.push('complete'),
    })
    subject.next(first)
    subscription.unsubscribe()
    expect(watch).toMatchObject({ begun: 1, ended: 1 })
    const [before, callsBefore] = [seen.length, calls]
    subject.next(first)
    subject.complete()
    await takeUnhandledErrors()
    expect(seen).toHaveLength(before)
    expect(calls).toBe(callsBefore)
  })

  where(direct && emits && concurrency === undefined, 'stops a synchronous source when nobody takes more', async () => {
    let pulled = 0
    const firehose = new Observable<In>((subscriber) => {
      while (!subscriber.closed && pulled < 1000) subscriber.next(inputs[pulled++ % inputs.length]!)
      subscriber.complete()
    })
    const { messages } = await gather(firehose.pipe(build(), take(outputs[0]!.length + 1)))
    expect(messages).toEqual(all.slice(0, outputs[0]!.length + 1))
    expect(pulled).toBe(1 + outputs.findIndex((some, at) => at > 0 && some.length > 0))
  })

  where(emits, 'stops a source that can be held when nobody takes more', async () => {
    let pulled = 0
    let returned = 0
    function* endless(): Generator<In> {
      try {
        for (;;) yield inputs[pulled++ % inputs.length]!
      } finally {
        returned++
      }
    }
    await gather(fromAsyncIterable(endless()).pipe(build(), take(outputs[0]!.length)))
    await takeUnhandledErrors()
    expect(pulled).toBeLessThanOrEqual(2 + (concurrency ?? 0))
    expect(returned).toBe(1)
  })

  where(code !== undefined, 'fails once with its code and the cause when its user function throws', async () => {
    const cause = new Error('user code')
    let calls = 0
    const subject = new Subject<In>()
    const watch = watched(subject)
    const pipeline = watch.source.pipe(
      build(() => {
        if (++calls === 2) throw cause
      }),
    )
    const end = gather(pipeline)
    for (const input of inputs) subject.next(input)
    subject.complete()
    const { messages, error } = await end
    expect(error).toMatchObject({ code, cause })
    // Entities at work at once do not wait for each other, so the error may come before the first output.
    expect(messages).toEqual(concurrency === undefined ? outputs[0] : outputs[0]!.slice(0, messages.length))
    expect(watch).toMatchObject({ begun: 1, ended: 1 })
    expect(await takeUnhandledErrors()).toEqual([])
  })

  where(code !== undefined, 'takes nothing more once its user function has failed', async () => {
    let calls = 0
    const subject = new Subject<In>()
    const end = gather(
      subject.pipe(
        build(() => {
          calls++
          throw new Error('user code')
        }),
      ),
    )
    subject.next(first)
    await end
    expect(subject.observed).toBe(false)
    subject.next(first)
    expect(calls).toBe(1)
  })

  test('begins anew for each subscription', async () => {
    const pipeline = of(...inputs).pipe(build())
    const expected = { messages: all }
    expect(await gather(pipeline)).toEqual(expected)
    expect(await gather(pipeline)).toEqual(expected)
    expect(await Promise.all([gather(pipeline), gather(pipeline)])).toEqual([expected, expected])
  })

  test('serves two streams with one operator value, message by message', async () => {
    const operator = build()
    const streams = [new Subject<In>(), new Subject<In>()] as const
    const ends = streams.map((stream) => gather(stream.pipe(operator)))
    for (const input of inputs) for (const stream of streams) stream.next(input)
    for (const stream of streams) stream.complete()
    for (const end of ends) expect(await end).toEqual({ messages: all })
  })

  where(emits, 'takes what an output leads to after what has arrived before it', async () => {
    const subject = new Subject<In>()
    const [, ...others] = inputs
    const seen: Out[] = []
    await new Promise<void>((resolve) => {
      subject.pipe(build()).subscribe({
        next(message) {
          seen.push(message)
          if (seen.length > 1) return
          for (const input of others) subject.next(input)
          subject.complete()
        },
        complete: resolve,
      })
      subject.next(first)
    })
    expect(seen).toEqual(all)
  })

  where(emits, 'passes an error that an output leads to after the outputs of the message at hand', async () => {
    const subject = new Subject<In>()
    const error = new Error('the source')
    const seen: unknown[] = []
    await new Promise<void>((resolve) => {
      subject.pipe(build()).subscribe({
        next(message) {
          if (seen.push(message) === 1) subject.error(error)
        },
        error(thrown: unknown) {
          seen.push(thrown)
          resolve()
        },
      })
      subject.next(first)
    })
    if (concurrency === undefined) expect(seen).toEqual([...outputs[0]!, error])
    else expect(seen.at(-1)).toBe(error)
  })

  where(emits, 'stops at once when an output leads to the unsubscription', async () => {
    const subject = new Subject<In>()
    const seen: Out[] = []
    const ended = new Promise<void>((resolve) => {
      const subscription = subject.pipe(build()).subscribe((message) => {
        seen.push(message)
        subscription.unsubscribe()
        subject.next(first)
        resolve()
      })
    })
    subject.next(first)
    subject.next(first)
    await ended
    await takeUnhandledErrors()
    expect(seen).toEqual(all.slice(0, 1))
    expect(subject.observed).toBe(false)
  })

  where(emits, 'is not disturbed by an observer that throws', async () => {
    const error = new Error('the observer')
    let seen = 0
    await new Promise<void>((resolve) => {
      of(...inputs)
        .pipe(build())
        .subscribe({
          next() {
            seen++
            throw error
          },
          complete: resolve,
        })
    })
    expect(seen).toBe(all.length)
    expect(await takeUnhandledErrors()).toEqual(all.map(() => error))
  })

  test('completes with what RxJS operators take from it', async () => {
    expect(await gather(of(...inputs).pipe(build(), toArray()))).toEqual({ messages: [all] })
  })
}

/** A test of what only some operators owe. */
function where(applies: boolean, title: string, body: () => Promise<void>): void {
  if (applies) test(title, body)
}
