import { getEventListeners } from 'node:events'
import { concat, mergeMap, NEVER, Observable, of, Subject, tap, throwError, timer } from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  fileSource,
  fixedLength,
  fromAsyncIterable,
  fromObservable,
  lengthPrefixed,
  run,
  statePartition,
  tcpSink,
  tcpSource,
  type Sink,
} from 'wallarx'
import { decode, to, toSink, toStatePartition } from 'wallarx/operators'
import { createDeferred } from '../../../src/base/deferred.ts'
import { temporaryFile } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { connect, frame, freePort, isFree, receive } from '../../support/sockets.ts'
import { eventually } from '../../support/watch.ts'

const framing = lengthPrefixed(4)
const text = (bytes: Buffer): string => bytes.toString()

describe('a stop', () => {
  test('goes through opening, running, draining and closed, as status shows it', async () => {
    const sink = collect<string>()
    const seen: string[] = []
    const abort = new AbortController()
    const held = createDeferred()
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
    const gate = createDeferred()
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

  test('DRAIN_TIMEOUT names the sinks that wait for somebody, where nothing holds', async () => {
    const port = await freePort()
    const pipeline = fromObservable(of('m')).pipe(toSink(tcpSink({ connect: `127.0.0.1:${port}` })))
    const { app } = await runForTest({ pipelines: { pipeline }, drainTimeout: 30 })
    await expect(app.close()).rejects.toMatchObject({
      code: 'DRAIN_TIMEOUT',
      got:
        'pipelines that had not ended: pipeline (held by: nothing; ' +
        `has not handed over all: tcp 127.0.0.1:${port})`,
    })
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
