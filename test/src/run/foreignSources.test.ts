import {
  concat,
  delay,
  EMPTY,
  interval,
  map,
  merge,
  NEVER,
  Observable,
  repeat,
  retry,
  share,
  Subject,
  tap,
  timer,
} from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fileSource, fixedLength, fromObservable, journaled, lengthPrefixed, tcpSink, tcpSource } from 'wallarx'
import { decode, to, toSink } from 'wallarx/operators'
import { createDeferred } from '../../../src/base/deferred.ts'
import { temporaryFile, temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { connect, frame, freePort, receive } from '../../support/sockets.ts'
import { createWatch } from '../../support/watch.ts'

const framing = lengthPrefixed(4)
const text = (bytes: Buffer): string => bytes.toString()

describe('pipelines that no source of ours ends', () => {
  test.each([
    ['interval', () => interval(1).pipe(map(String))],
    ['a Subject', () => new Observable<string>((subscriber) => subscriber.next('0'))],
    ['a shared Observable', () => interval(1).pipe(map(String), share())],
  ])('%s is cut, and what it had emitted is flushed', async (_, messages) => {
    const receiver = await receive()
    let emitted = ''
    let torn = false
    const source = new Observable<string>((subscriber) => {
      subscriber.add(() => (torn = true))
      messages()
        .pipe(tap((message) => (emitted += message)))
        .subscribe(subscriber)
    })
    const { app } = await runForTest({
      pipelines: { pipeline: source.pipe(toSink<string>(tcpSink({ connect: receiver.address }))) },
    })
    await receiver.until(() => receiver.text().length > 0)
    await app.close()
    await receiver.until(() => receiver.connections[0]!.ended)
    expect(torn).toBe(true)
    expect(receiver.text()).toBe(emitted)
  })

  test('a pipeline without a sink is unsubscribed from', async () => {
    const numbers = new Subject<number>()
    const { app } = await runForTest({ pipelines: { pipeline: numbers.pipe(to((n: number) => n)) } })
    expect(numbers.observed).toBe(true)
    await app.close()
    expect(numbers.observed).toBe(false)
    expect(app.status().pipelines.pipeline!.lifecycle).toBe('completed')
  })

  // A cut begins at the operator furthest upstream: cut at the sink, it lost what was in the steps before.
  test('asynchronous steps behind a foreign Observable finish what they have begun', async () => {
    const gate = createDeferred()
    const numbers = new Subject<number>()
    const sink = collect<number>()
    const { app } = await runForTest({
      pipelines: {
        pipeline: numbers.pipe(
          to(
            async (n: number) => {
              await gate.promise
              return n
            },
            { concurrency: 4 },
          ),
          toSink(sink),
        ),
      },
    })
    for (const n of [1, 2, 3]) numbers.next(n)
    const closing = app.close()
    gate.resolve()
    await closing
    expect(sink.messages).toEqual([1, 2, 3])
    expect(sink.closed).toBe(true)
  })

  test('`repeat`, `retry` and `concat` after a source do not keep the run from stopping', async () => {
    const file = temporaryFile('abc')
    const source = () => fileSource({ path: file, framing: fixedLength(1) })
    const tcp = () => tcpSource({ listen: '127.0.0.1:0', framing })
    const sinks = Array.from({ length: 4 }, () => collect<Buffer>())
    const { app } = await runForTest({
      pipelines: {
        repeated: source().pipe(repeat(), toSink(sinks[0]!)),
        repeatedTcp: tcp().pipe(repeat({ delay: 1 }), toSink(sinks[1]!)),
        retried: tcp().pipe(retry(), toSink(sinks[2]!)),
        followed: concat(tcp(), tcp()).pipe(toSink(sinks[3]!)),
      },
    })
    await sinks[0]!.until(() => sinks[0]!.messages.length > 10)
    await app.close()
    expect(sinks.map(({ closed }) => closed)).toEqual([true, true, true, true])
  })

  test('a foreign Observable that is merged with a source is cut when it came through fromObservable', async () => {
    const numbers = new Subject<Buffer>()
    const sink = collect<Buffer>()
    const source = merge(tcpSource({ listen: '127.0.0.1:0', framing }), fromObservable(numbers))
    const { app } = await runForTest({ pipelines: { pipeline: source.pipe(toSink(sink)) } })
    numbers.next(Buffer.from('one'))
    await app.close()
    expect(sink.messages.map(text)).toEqual(['one'])
    expect(numbers.observed).toBe(false)
  })
})

describe('a foreign Observable that does not end beside a source', () => {
  const endless: [string, () => Observable<Buffer>][] = [
    ['interval', () => interval(10).pipe(map((n) => Buffer.from(`foreign ${n}`)))],
    ['a silent one', () => NEVER],
  ]
  test.each(endless)('is cut at a stop, once the source has ended, with a warning: %s', async (_, foreign) => {
    const port = await freePort()
    const sink = collect<string>()
    const source = merge(tcpSource({ listen: `127.0.0.1:${port}`, framing }), foreign())
    const pipelines = { pipeline: source.pipe(decode(text), toSink(sink)) }
    const { app, log } = await runForTest({ pipelines, drainTimeout: 2000 })
    ;(await connect(port)).write(frame('one'))
    await sink.until(() => sink.messages.includes('one'))
    await app.close()
    expect(sink.closed).toBe(true)
    expect(log.filter((line) => line.includes('pipeline: cut'))).toHaveLength(1)
  })

  test.each(endless)('is cut where it goes on after the source: %s', async (_, foreign) => {
    const sink = collect<string>()
    const source = concat(fileSource({ path: temporaryFile('abc'), framing: fixedLength(1) }), foreign())
    const pipelines = { pipeline: source.pipe(decode(text), toSink(sink)) }
    const { app } = await runForTest({ pipelines, drainTimeout: 2000 })
    await sink.until(() => sink.messages.length >= 3)
    await app.close()
    expect(sink.messages.slice(0, 3)).toEqual(['a', 'b', 'c'])
    expect(sink.closed).toBe(true)
  })

  test.each(endless)('is cut in a pipeline without a sink: %s', async (_, foreign) => {
    const pipelines = { pipeline: merge(tcpSource({ listen: '127.0.0.1:0', framing }), foreign()) }
    const { app } = await runForTest({ pipelines, drainTimeout: 1000 })
    await app.close()
  })

  test.each(endless)('is cut behind a journal, and what was received is in the journal: %s', async (_, foreign) => {
    const directory = temporaryFolder()
    const port = await freePort()
    const start = async (source: Observable<Buffer>) => {
      const sink = collect<string>()
      const pipelines = { pipeline: journaled(source, { directory }).pipe(decode(text), toSink(sink)) }
      return { sink, ...(await runForTest({ pipelines, drainTimeout: 2000 })) }
    }
    const first = await start(merge(tcpSource({ listen: `127.0.0.1:${port}`, framing }), foreign()))
    ;(await connect(port)).write(frame('one'))
    await first.sink.until(() => first.sink.messages.includes('one'))
    await first.app.close()
    expect(first.log.filter((line) => line.includes('was cut'))).toHaveLength(1)
    const again = await start(EMPTY)
    await again.app.closed
    expect(again.sink.messages).toEqual(first.sink.messages)
  })

  test('does not keep asynchronous steps beside it from handing over what they have', async () => {
    const port = await freePort()
    const gate = createDeferred()
    const sink = collect<string>()
    const begun = createWatch()
    let inside = 0
    const slow = tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(
      decode(text),
      to(
        async (message: string) => {
          inside++
          begun.changed()
          await gate.promise
          return message
        },
        { concurrency: 4 },
      ),
    )
    const pipelines = { pipeline: merge(slow, NEVER).pipe(toSink(sink)) }
    const { app, log, until } = await runForTest({ pipelines, drainTimeout: 2000 })
    ;(await connect(port)).write(Buffer.concat(['one', 'two'].map(frame)))
    await begun.until(() => inside === 2)
    const later = timer(300).forEach(() => gate.resolve()) // than the cut, after 200 ms
    await Promise.all([app.close(), later])
    await until(() => log.some((line) => line.includes('cut')))
    expect(sink.messages).toEqual(['one', 'two'])
  })

  test('is told from operators that hand over what they keep and end: they are awaited, with no warning', async () => {
    const port = await freePort()
    const sink = collect<string>()
    let came!: () => void
    const one = new Promise<void>((resolve) => (came = resolve))
    const source = tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(decode(text), tap(came), delay(100))
    const { app, log } = await runForTest({ pipelines: { pipeline: source.pipe(toSink(sink)) } })
    ;(await connect(port)).write(frame('one'))
    await one
    expect(sink.messages).toEqual([])
    await app.close()
    expect(sink.messages).toEqual(['one'])
    expect(log.filter((line) => line.includes('cut'))).toEqual([])
  })
})
