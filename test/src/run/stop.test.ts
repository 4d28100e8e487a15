import { getEventListeners, once } from 'node:events'
import { createServer } from 'node:net'
import {
  concat,
  delay,
  EMPTY,
  interval,
  map,
  merge,
  mergeMap,
  NEVER,
  Observable,
  of,
  repeat,
  retry,
  share,
  Subject,
  tap,
  throwError,
  timer,
} from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  fileSource,
  fixedLength,
  fromAsyncIterable,
  fromObservable,
  journaled,
  lengthPrefixed,
  run,
  statePartition,
  tcpSink,
  tcpSource,
  type Sink,
} from 'wallarx'
import { decode, to, toSink, toStatePartition } from 'wallarx/operators'
import { temporaryFile, temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { connect, frame, freePort, isFree, receive, usedPort } from '../../support/sockets.ts'
import { createWatch, eventually } from '../../support/watch.ts'

const framing = lengthPrefixed(4)
const text = (bytes: Buffer): string => bytes.toString()
/** A promise and what settles it. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve }
}

describe('a stop', () => {
  test('goes through opening, running, draining and closed, as status shows it', async () => {
    const sink = collect<string>()
    const seen: string[] = []
    const abort = new AbortController()
    const held = deferred()
    const slow: Sink<string> = {
      name: 'slow',
      open: () => ({ write: () => undefined, close: () => held.promise, abort: () => undefined }),
    }
    const source = new Observable<Buffer>((subscriber) =>
      tcpSource({ listen: '127.0.0.1:0', framing, onListening: () => seen.push('listening') }).subscribe(subscriber),
    )
    const running = run({
      name: 'test',
      pipelines: { pipeline: source.pipe(decode(text), toSink<string>([sink, slow])) },
      signal: abort.signal,
      handleSignals: false,
      log: false,
    })
    const app = await running
    seen.push(app.lifecycle)
    const closed = app.closed.then(() => seen.push(app.lifecycle))
    abort.abort()
    seen.push(app.lifecycle)
    expect(app.status().lifecycle).toBe('draining')
    held.resolve()
    await closed
    expect(seen).toEqual(['listening', 'running', 'draining', 'closed'])
    expect(app.status()).toMatchObject({
      lifecycle: 'closed',
      pipelines: { pipeline: { lifecycle: 'completed', sources: [] } },
    })
  })

  test('by close, twice and again after the end, gives the same promise', async () => {
    const { app } = await runForTest({ pipelines: { pipeline: NEVER } })
    const first = app.close()
    expect(app.close()).toBe(first)
    expect(first).toBe(app.closed)
    await first
    await app.close()
    expect(app.lifecycle).toBe('closed')
  })

  test('by a signal that is aborted before the start opens nothing', async () => {
    const port = await freePort()
    let listening = false
    const source = tcpSource({ listen: `127.0.0.1:${port}`, framing, onListening: () => (listening = true) })
    const { app } = await runForTest({
      pipelines: { tcp: source.pipe(toSink(collect<Buffer>())), foreign: NEVER },
      signal: AbortSignal.abort(),
    })
    await app.closed
    expect(app.lifecycle).toBe('closed')
    expect(listening).toBe(false)
    expect(await isFree(port)).toBe(true)
  })

  test('by a signal while it opens closes in order', async () => {
    const abort = new AbortController()
    const opening = runForTest({
      pipelines: {
        tcp: tcpSource({ listen: '127.0.0.1:0', framing }).pipe(toSink(collect<Buffer>())),
        file: fileSource({ path: temporaryFile('abc'), framing: fixedLength(1) }).pipe(toSink(collect<Buffer>())),
      },
      signal: abort.signal,
    })
    abort.abort()
    const { app } = await opening
    await app.closed
    expect(app.lifecycle).toBe('closed')
  })

  test('leaves no listener on the signal', async () => {
    const abort = new AbortController()
    const { app } = await runForTest({ pipelines: { pipeline: NEVER }, signal: abort.signal })
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1)
    await app.close()
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  test('after every pipeline has completed by itself is none: the run is closed', async () => {
    const sink = collect<number>()
    const { app } = await runForTest({ pipelines: { pipeline: fromAsyncIterable([1, 2]).pipe(toSink(sink)) } })
    await app.closed
    expect(app.lifecycle).toBe('closed')
    expect(sink.messages).toEqual([1, 2])
    expect(sink.closed).toBe(true)
  })
})

describe('draining', () => {
  test('everything that TCP sources handed over is in the output', async () => {
    const receiver = await receive()
    let port = 0
    let handedOver = 0
    const source = tcpSource({ listen: '127.0.0.1:0', framing, onListening: (address) => (port = address.port) })
    const { app } = await runForTest({
      pipelines: {
        pipeline: source.pipe(
          tap(() => handedOver++),
          decode(text),
          toSink<string>(tcpSink({ connect: receiver.address })),
        ),
      },
    })
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect(port)))
    const message = frame(`${'x'.repeat(99)}\n`)
    const feed = setInterval(() => {
      for (const client of clients) for (let n = 0; n < 50; n++) client.write(message)
    }, 1)
    await receiver.until(() => receiver.text().length > 100_000)
    const closing = app.close()
    await closing
    clearInterval(feed)
    await receiver.until(() => receiver.connections[0]!.ended)
    expect(receiver.text()).toBe(`${'x'.repeat(99)}\n`.repeat(handedOver))
  })

  test('asynchronous steps in flight finish, in order', async () => {
    const gate = deferred()
    const sink = collect<string>()
    const partition = statePartition('sums', { key: (n: number) => n % 2, build: () => ({ sum: 0 }) })
    let begun = 0
    const { app } = await runForTest({
      pipelines: {
        pipeline: fromAsyncIterable([1, 2, 3, 4, 5]).pipe(
          to(
            async (n: number) => {
              begun++
              await gate.promise
              return n
            },
            { concurrency: 3 },
          ),
          toStatePartition(
            async (n: number, state) => {
              await gate.promise
              return [`${n}: ${(state.sum += n)}`, true]
            },
            partition,
            { concurrency: 2 },
          ),
          toSink(sink),
        ),
      },
    })
    await eventually(() => begun === 3)
    expect(app.status().pipelines.pipeline!.holds).toHaveLength(1)
    const closing = app.close()
    gate.resolve()
    await closing
    expect(sink.messages.sort()).toEqual(['1: 1', '2: 2', '3: 4'])
  })

  test('what fromObservable holds back while the pipeline is held passes before the end', async () => {
    const numbers = new Subject<number>()
    const sink = collect<number>()
    const { app } = await runForTest({ pipelines: { pipeline: fromObservable(numbers).pipe(toSink(sink)) } })
    numbers.next(1)
    const release = sink.holds.take('test')
    numbers.next(2)
    numbers.next(3)
    expect(sink.messages).toEqual([1])
    const closing = app.close()
    numbers.next(4) // too late
    expect(numbers.observed).toBe(false)
    release()
    await closing
    expect(sink.messages).toEqual([1, 2, 3])
  })

  test('a stop that takes too long ends with DRAIN_TIMEOUT, which names who holds', async () => {
    const stuck: Sink<number> = {
      name: 'stuck',
      open: ({ holds }) => {
        holds.take('stuck sink')
        return { write: () => undefined, close: () => new Promise(() => undefined), abort: () => undefined }
      },
    }
    const port = await freePort()
    const { app } = await runForTest({
      pipelines: {
        fine: tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(toSink(collect<Buffer>())),
        hanging: fromObservable(new Subject<number>()).pipe(toSink(stuck)),
        open: fromObservable(of(1)).pipe(to(() => new Promise<number>(() => undefined), { concurrency: 1 })),
      },
      drainTimeout: 30,
    })
    await expect(app.close()).rejects.toMatchObject({
      code: 'DRAIN_TIMEOUT',
      expected: 'to stop within 30 ms (option drainTimeout)',
      got: 'pipelines that had not ended: hanging (held by: stuck sink), open (held by: to)',
    })
    expect(app.lifecycle).toBe('closed')
    expect(app.status().pipelines).toMatchObject({ fine: { lifecycle: 'completed' }, hanging: { lifecycle: 'failed' } })
    expect(await isFree(port)).toBe(true)
  })

  test('the error that stopped the run is reported, not the timeout of its draining', async () => {
    const numbers = new Subject<number>()
    const { app } = await runForTest({
      pipelines: {
        failing: throwError(() => new Error('the first')).pipe((source) => concat(timer(1), source)),
        hanging: fromObservable(numbers).pipe(
          mergeMap(() => NEVER),
          toSink(collect<never>()),
        ),
      },
      drainTimeout: 10,
    })
    numbers.next(1)
    await expect(app.closed).rejects.toThrow('the first')
  })
})

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
    const gate = deferred()
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
    const gate = deferred()
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
    const later = timer(300).forEach(gate.resolve) // than the cut, after 200 ms
    await Promise.all([app.close(), later])
    await until(() => log.some((line) => line.includes('cut')))
    expect(sink.messages).toEqual(['one', 'two'])
  })

  test('is told from operators that hand over what they keep and end: these are waited for, without a warning', async () => {
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

describe('a run that cannot open', () => {
  test('is rejected, and what was open already is closed', async () => {
    const free = [await freePort(), await freePort()]
    const used = await usedPort()
    const ports = [free[0]!, used, free[1]!]
    const sinks = ports.map(() => collect<Buffer>())
    const pipelines = Object.fromEntries(
      ports.map((port, at) => [port, tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(toSink(sinks[at]!))]),
    )
    const error: unknown = await runForTest({ pipelines }).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'LISTEN_FAILED', where: { source: `tcp 127.0.0.1:${used}` } })
    expect(await Promise.all(free.map(isFree))).toEqual([true, true])
    expect(sinks.map(({ closed }) => closed)).toEqual([true, true, true])
  })

  // The error reaches the run when the sink is flushed; the run must not count as open meanwhile.
  test('is rejected also when its sinks take time to close', async () => {
    const port = await usedPort()
    const { promise, resolve } = deferred()
    const slow: Sink<Buffer> = {
      name: 'slow',
      open: () => ({ write: () => undefined, close: () => (setTimeout(resolve, 20), promise), abort: () => undefined }),
    }
    const tcp = tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(toSink(slow))
    await expect(runForTest({ pipelines: { tcp } })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  })

  test('at first, and can at the second attempt of a `retry`, is open then', async () => {
    const port = await freePort()
    const blocking = createServer().listen(port, '127.0.0.1')
    await once(blocking, 'listening')
    const sink = collect<string>()
    const tcp = tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(
      decode(text),
      toSink(sink),
      retry({ delay: () => (blocking.close(), timer(1)) }),
    )
    const { app } = await runForTest({ pipelines: { tcp } })
    expect(app.lifecycle).toBe('running')
    ;(await connect(port)).write(frame('hello'))
    await sink.until(() => sink.messages.length === 1)
    await app.close()
  })

  test('because a pipeline fails at once is rejected with that error', async () => {
    const failure = new Error('at once')
    const port = await freePort()
    const pipelines = { first: tcpSource({ listen: `127.0.0.1:${port}`, framing }), second: throwError(() => failure) }
    await expect(runForTest({ pipelines })).rejects.toBe(failure)
    expect(await isFree(port)).toBe(true)
  })
})

describe('status', () => {
  test('shows pipelines, their open sources, dead letters and holds, and the entities of partitions', async () => {
    const partition = statePartition('seen', { key: (n: number) => n, build: () => 0, keys: [1, 2, 3] })
    const sink = collect<unknown>()
    const { app } = await runForTest({
      name: 'status',
      pipelines: {
        tcp: merge(
          tcpSource({ listen: '127.0.0.1:0', framing, name: 'first' }),
          tcpSource({ listen: '127.0.0.1:0', framing, name: 'second' }),
        ).pipe(toSink<unknown>(sink)),
        numbers: fromObservable(new Subject<number>(), { name: 'numbers in' }).pipe(
          toStatePartition(() => [undefined, false], partition),
        ),
        done: of(1),
      },
    })
    const before = Date.now()
    const release = sink.holds.take('a test')
    const status = app.status()
    expect(status).toEqual({
      name: 'status',
      lifecycle: 'running',
      pipelines: {
        tcp: {
          lifecycle: 'running',
          deadLetters: 0,
          holds: [{ name: 'a test', since: expect.any(Number) }],
          sources: ['first', 'second'],
        },
        numbers: { lifecycle: 'running', deadLetters: 0, holds: [], sources: ['numbers in'] },
        done: { lifecycle: 'completed', deadLetters: 0, holds: [], sources: [] },
      },
      partitions: { seen: { entities: 3 } },
    })
    expect(status.pipelines.tcp!.holds[0]!.since).toBeGreaterThanOrEqual(before)
    expect(JSON.parse(JSON.stringify(status))).toEqual(status)
    release()
    expect(app.status().pipelines.tcp!.holds).toEqual([])
  })
})
