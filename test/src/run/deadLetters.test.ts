import { Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { observerSink, statePartition, type DeadLetter, type StateResult } from 'wallarx'
import { decode, encode, to, toSink, toStatePartition } from 'wallarx/operators'
import { collect, runForTest } from '../../support/pipelines.ts'
import { eventually } from '../../support/watch.ts'

/** A decoder of numbers that throws for what is none. */
function number(bytes: Buffer): number {
  const value = Number(bytes.toString())
  if (Number.isNaN(value)) throw new RangeError(`${bytes.toString()} is no number`)
  return value
}

describe('dead letters', () => {
  test('are counted, delivered to a function with reason, place and input, and the pipeline goes on', async () => {
    const frames = new Subject<Buffer>()
    const sink = collect<number>()
    const { app, letters } = await runForTest({
      pipelines: { good: new Subject<Buffer>(), bad: frames.pipe(decode(number), toSink(sink)) },
    })
    for (const frame of ['1', 'x', '2', 'y']) frames.next(Buffer.from(frame))
    expect(sink.messages).toEqual([1, 2])
    expect(letters).toEqual([
      { pipeline: 'bad', error: expect.any(Error), input: Buffer.from('x') },
      { pipeline: 'bad', error: expect.any(Error), input: Buffer.from('y') },
    ])
    expect(letters[0]!.error).toMatchObject({
      code: 'DECODE_FAILED',
      kind: 'bad input',
      where: { pipeline: 'bad', step: 'number' },
      cause: expect.objectContaining({ name: 'RangeError', message: 'x is no number' }),
    })
    expect(app.status().pipelines).toMatchObject({ good: { deadLetters: 0 }, bad: { deadLetters: 2 } })
  })

  test('are delivered to an observer too', async () => {
    const frames = new Subject<Buffer>()
    const deadLetters = new Subject<DeadLetter>()
    const seen: unknown[] = []
    deadLetters.subscribe(({ input }) => seen.push(input))
    await runForTest({ pipelines: { pipeline: frames.pipe(decode(number)) }, deadLetters })
    frames.next(Buffer.from('x'))
    expect(seen).toEqual([Buffer.from('x')])
  })

  test('a key outside the keys is one, with the key', async () => {
    const partition = statePartition('few', { key: (n: number) => n, build: () => ({ sum: 0 }), keys: [1, 2] })
    const numbers = new Subject<number>()
    const sink = collect<number>()
    const add = (n: number, state: { sum: number }): StateResult<number> => [(state.sum += n), true]
    const { letters, app } = await runForTest({
      pipelines: { pipeline: numbers.pipe(toStatePartition(add, partition), toSink(sink)) },
    })
    for (const n of [1, 3, 2, 1]) numbers.next(n)
    expect(sink.messages).toEqual([1, 2, 2])
    expect(letters).toMatchObject([
      { input: 3, error: { code: 'KEY_NOT_IN_PARTITION', where: { partition: 'few', key: 3n, pipeline: 'pipeline' } } },
    ])
    expect(app.status().partitions).toEqual({ few: { entities: 2 } })
  })

  test('of one kind are logged once in full, those that follow within a second as a number', async () => {
    const frames = new Subject<Buffer>()
    const { log, until, app } = await runForTest({
      pipelines: { one: frames.pipe(decode(number)), two: frames.pipe(decode(number)) },
    })
    for (let n = 0; n < 100; n++) frames.next(Buffer.from(`x${n}`))
    const first = (pipeline: string): unknown =>
      expect.stringMatching(
        new RegExp(`^${pipeline}: dead letter DECODE_FAILED: expected a message in a frame of .*x0 is`),
      )
    expect(log).toEqual([first('one'), first('two')])
    await until(() => log.length === 4)
    expect(log.slice(2)).toEqual(['one: dead letter DECODE_FAILED: 99 more', 'two: dead letter DECODE_FAILED: 99 more'])

    frames.next(Buffer.from('x0'))
    frames.next(Buffer.from('x1'))
    expect(log.slice(4)).toEqual([first('one'), first('two')])
    await app.close()
    expect(log.slice(6)).toEqual(['one: dead letter DECODE_FAILED: 1 more', 'two: dead letter DECODE_FAILED: 1 more'])
  })

  test('a consumer that throws does no harm, and is logged', async () => {
    const frames = new Subject<Buffer>()
    const sink = collect<number>()
    const { app, log } = await runForTest({
      pipelines: { pipeline: frames.pipe(decode(number), toSink(sink)) },
      deadLetters() {
        throw new Error('no disk left for dead letters')
      },
    })
    for (const frame of ['x', '1', 'y', '2']) frames.next(Buffer.from(frame))
    expect(sink.messages).toEqual([1, 2])
    expect(app.status().pipelines.pipeline).toMatchObject({ lifecycle: 'running', deadLetters: 2 })
    expect(log).toContain('the consumer of dead letters failed: Error: no disk left for dead letters')
  })

  test('a consumer that closes the run ends it in order', async () => {
    const frames = new Subject<Buffer>()
    const sink = collect<number>()
    const tested = await runForTest({
      pipelines: { pipeline: frames.pipe(decode(number), toSink(sink)) },
      deadLetters: () => void tested.app.close(),
    })
    for (const frame of ['1', 'x', '2']) frames.next(Buffer.from(frame))
    await tested.app.closed
    expect(sink.messages).toEqual([1])
    expect(sink.closed).toBe(true)
  })
})

describe('what user code throws', () => {
  const thrown = new RangeError('from user code')
  const fail = (): never => {
    throw thrown
  }
  const bigKey = statePartition('big', { key: () => 2n ** 64n, build: () => 0 })
  const noKey = statePartition('no key', { key: fail, build: () => 0 })
  const noState = statePartition('no state', { key: (n: number) => n, build: fail })
  const some = statePartition('some', { key: (n: number) => n, build: () => 0 })
  const one = (): StateResult<number> => [1, true]
  const onlyFor = (bad: number, computation: (n: number) => number) => (n: number) => (n === bad ? computation(n) : n)

  const cases = {
    'a computation': [to(onlyFor(2, fail)), 'COMPUTATION_FAILED'],
    'a computation that returns promises': [
      to(async (n: number) => (n === 2 ? fail() : n), { concurrency: 2 }),
      'COMPUTATION_FAILED',
    ],
    'an encoder': [encode((n: number) => (n === 2 ? fail() : `${n}`)), 'ENCODE_FAILED'],
    'a state computation': [toStatePartition((n: number) => (n === 2 ? fail() : one()), some), 'COMPUTATION_FAILED'],
    'a key function': [toStatePartition(one, noKey), 'KEY_FUNCTION_FAILED'],
    'a state builder': [toStatePartition(one, noState), 'BUILD_FAILED'],
  } as const

  test.each(Object.entries(cases))(
    'by %s is a dead letter with onError skip, its cause the very error',
    async (_, [step, code]) => {
      const numbers = new Subject<number>()
      const sink = collect<unknown>()
      const { app, letters } = await runForTest({
        pipelines: { pipeline: numbers.pipe(step as ReturnType<typeof to<number, unknown>>, toSink(sink)) },
        onError: 'skip',
      })
      numbers.next(2)
      await eventually(() => letters.length === 1)
      expect(letters).toMatchObject([{ pipeline: 'pipeline', input: 2, error: { code, kind: 'user code' } }])
      expect(letters[0]!.error.cause).toBe(thrown)
      expect(app.lifecycle).toBe('running')
    },
  )

  test.each(Object.entries(cases))('by %s stops the run, its cause the very error', async (_, [step, code]) => {
    const numbers = new Subject<number>()
    const other = collect<number>()
    const { app, letters } = await runForTest({
      pipelines: {
        failing: numbers.pipe(step as ReturnType<typeof to<number, unknown>>, toSink(observerSink({}))),
        other: numbers.pipe(toSink(other)),
      },
    })
    numbers.next(2)
    const error: unknown = await app.closed.catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code, where: { pipeline: 'failing' } })
    expect((error as Error).cause).toBe(thrown)
    expect(letters).toEqual([])
    expect(other.closed).toBe(true) // drained in order, not dropped
    expect(app.status().pipelines).toMatchObject({
      failing: { lifecycle: 'failed' },
      other: { lifecycle: 'completed' },
    })
  })

  test('an impossible key stops the run, and with onError skip is a dead letter', async () => {
    for (const onError of ['stop', 'skip'] as const) {
      const numbers = new Subject<number>()
      const { app, letters } = await runForTest({
        pipelines: { pipeline: numbers.pipe(toStatePartition(one, bigKey)) },
        onError,
      })
      numbers.next(1)
      if (onError === 'stop') await expect(app.closed).rejects.toMatchObject({ code: 'KEY_INVALID' })
      else expect(letters).toMatchObject([{ input: 1, error: { code: 'KEY_INVALID', where: { partition: 'big' } } }])
    }
  })
})
