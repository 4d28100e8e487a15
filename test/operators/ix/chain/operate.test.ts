import { as, from, toArray } from 'ix/asynciterable'
import { map, take, withAbort } from 'ix/asynciterable/operators'
import { describe, expect, test } from 'vitest'
import { within } from '../../../../src/context/context.ts'
import { observerSink } from '../../../../src/sink/observer.ts'
import { standaloneContext } from '../../../../src/context/standalone.ts'
import { statePartition } from '../../../../src/state/statePartition.ts'
import { to, toMulti, toSink, toState } from '../../../../operators/ix/index.ts'
import { turn } from '../../asynchronousSteps.ts'

const over = { done: true, value: undefined }
const yielded = <Value>(value: Value): IteratorResult<Value> => ({ done: false, value })
const twice = toMulti((n: number) => [n, n])
const double = to((n: number) => 2 * n)

/** A source that counts what is done to it; endless without a length. */
function watched(length = Infinity) {
  const watch = {
    iterations: 0,
    asked: 0,
    returns: 0,
    signals: [] as (AbortSignal | undefined)[],
    /** What the next question is answered with, in place of a number. */
    answer: undefined as (() => Promise<IteratorResult<number>>) | undefined,
    onReturn: (): Promise<IteratorResult<number>> => Promise.resolve({ done: true, value: undefined }),
    [Symbol.asyncIterator](signal?: AbortSignal): AsyncIterator<number> {
      watch.iterations++
      watch.signals.push(signal)
      let at = 0
      return {
        next() {
          watch.asked++
          if (watch.answer !== undefined) return watch.answer()
          return Promise.resolve(at < length ? yielded(at++) : { done: true, value: undefined })
        },
        return() {
          watch.returns++
          return watch.onReturn()
        },
      }
    },
  }
  return watch
}

const iterate = <Out>(messages: AsyncIterable<Out>): AsyncIterator<Out> => messages[Symbol.asyncIterator]()

describe('a chain of operators over an AsyncIterable', () => {
  test('asks its source for nothing before it is asked, and begins with the first question', async () => {
    const source = watched()
    const opened: string[] = []
    const sink = { ...observerSink<number>({}), open: () => (opened.push('open'), observerSink({}).open({} as never)) }
    const iterator = iterate(as(source).pipe(double, toSink(sink)))
    await turn()
    expect([source.iterations, source.asked, opened.length]).toEqual([0, 0, 0])
    expect(await iterator.return!()).toEqual(over)
    expect([source.iterations, source.asked, opened.length]).toEqual([0, 0, 0])
    expect(await iterator.next()).toEqual(over)
  })

  test('asks for an item when no output of the one before is left, and not earlier', async () => {
    const source = watched()
    const iterator = iterate(as(source).pipe(double, twice))
    for (let n = 0; n < 10; n++) {
      expect(await iterator.next()).toEqual(yielded(2 * Math.floor(n / 2)))
      await turn()
      expect(source.asked).toBe(Math.floor(n / 2) + 1)
    }
    expect(source.iterations).toBe(1)
  })

  test('answers many who ask at once, in their order, and the end to those who ask for too much', async () => {
    const iterator = iterate(as(watched(2)).pipe(double, twice))
    const answers = Array.from({ length: 6 }, () => iterator.next())
    expect(await Promise.all(answers)).toEqual([yielded(0), yielded(0), yielded(2), yielded(2), over, over])
    expect(await iterator.next()).toEqual(over)
  })

  test('gives each iteration a chain of its own', async () => {
    const sum = statePartition('sum', { build: () => ({ total: 0 }) })
    const sums = as([1, 2]).pipe(toState((n: number, state) => [(state.total += n), true], sum))
    expect(await toArray(sums)).toEqual([1, 3])
    expect(await Promise.all([toArray(sums), toArray(sums)])).toEqual([
      [1, 3],
      [1, 3],
    ])
  })

  test('goes on being usable after an operator was put behind it', async () => {
    const doubled = as([1]).pipe(double)
    const more = doubled.pipe(twice)
    expect([await toArray(doubled), await toArray(more), await toArray(doubled)]).toEqual([[2], [2, 2], [2]])
  })

  test('takes operators of ix between ours', async () => {
    const mixed = from([1, 2, 3]).pipe(
      double,
      map((n) => n + 1),
      twice,
      take(3),
    )
    expect(await toArray(mixed)).toEqual([3, 3, 5])
  })

  test('lets go of its source once when the loop is left in the middle of a chunk, and waits for it', async () => {
    const source = watched()
    let released = false
    source.onReturn = async () => {
      await turn()
      released = true
      return { done: true, value: undefined }
    }
    for await (const n of as(source).pipe(double, twice)) if (n === 2) break
    expect(released).toBe(true)
    expect([source.asked, source.returns]).toEqual([2, 1])
  })

  test('gives nothing more once it was left', async () => {
    const iterator = iterate(as(watched()).pipe(twice))
    await iterator.next()
    expect(await iterator.return!()).toEqual(over)
    expect(await iterator.return!()).toEqual(over)
    expect(await iterator.next()).toEqual(over)
  })

  test('does not call return of a source that is at its end or has failed', async () => {
    const source = watched(2)
    expect(await toArray(as(source).pipe(double))).toEqual([0, 2])
    source.answer = () => Promise.reject(new Error('the source'))
    await expect(toArray(as(source).pipe(double))).rejects.toThrow('the source')
    expect(source.returns).toBe(0)
  })

  test.each<[string, () => Promise<IteratorResult<number>>]>([
    ['rejects', () => Promise.reject(new Error('the source'))],
    [
      'throws at once',
      () => {
        throw new Error('the source')
      },
    ],
  ])('tells the error of a source that %s once, after the outputs before it', async (_, answer) => {
    const source = watched()
    const iterator = iterate(as(source).pipe(double, twice))
    expect(await iterator.next()).toEqual(yielded(0))
    source.answer = answer
    expect(await iterator.next()).toEqual(yielded(0))
    await expect(iterator.next()).rejects.toThrow('the source')
    expect(await iterator.next()).toEqual(over)
    expect(source.returns).toBe(0)
  })

  test('fails where the source gives something else than a result', async () => {
    const source = watched()
    source.answer = () => Promise.resolve(undefined as never)
    await expect(toArray(as(source).pipe(double))).rejects.toThrow(TypeError)
  })

  test('fails where the source cannot be iterated', async () => {
    const error = new Error('cannot begin')
    const broken = {
      [Symbol.asyncIterator](): never {
        throw error
      },
    }
    await expect(toArray(as<number>(broken).pipe(double))).rejects.toBe(error)
  })

  test('gives the outputs before a failing message, then its error, and has let go of its source by then', async () => {
    const source = watched()
    const cause = new Error('broken')
    const picky = to((n: number) => {
      if (n === 2) throw cause
      return n
    })
    const iterator = iterate(picky(toMulti((n: number) => [n, n + 1, n + 2])(source)))
    expect(await iterator.next()).toEqual(yielded(0))
    expect(source.returns).toBe(1)
    expect(await iterator.next()).toEqual(yielded(1))
    await expect(iterator.next()).rejects.toMatchObject({ code: 'COMPUTATION_FAILED', cause })
    expect(await iterator.next()).toEqual(over)
    expect([source.asked, source.returns]).toEqual([1, 1])
  })

  test('passes what the return of its source throws to who leaves, and keeps its own error before it', async () => {
    const stubborn = new Error('will not return')
    for (const onReturn of [
      () => Promise.reject(stubborn),
      () => {
        throw stubborn
      },
    ]) {
      const source = watched()
      source.onReturn = onReturn
      const iterator = iterate(as(source).pipe(double))
      await iterator.next()
      await expect(iterator.return!()).rejects.toBe(stubborn)
      expect(await iterator.next()).toEqual(over)

      const failing = as(source).pipe(
        to(() => {
          throw new Error('broken')
        }),
      )
      await expect(toArray(failing)).rejects.toMatchObject({ code: 'COMPUTATION_FAILED' })
    }
  })

  test('ends a question that waits when it is left, and disturbs a source in the middle of its answer', async () => {
    const source = watched()
    source.answer = () => new Promise(() => undefined)
    for (const messages of [double(source), as(source).pipe(double)]) {
      const iterator = iterate(messages)
      const answer = iterator.next()
      await turn()
      expect(await iterator.return!()).toEqual(over)
      expect(await answer).toEqual(over)
    }
    expect(source.signals[0]!.aborted).toBe(true)
    expect(source.returns).toBe(1) // not by the generator that ix makes of it, which never gets its answer
  })

  test('does not disturb a source that waits to be asked', async () => {
    const source = watched()
    for await (const _ of double(source)) break
    expect([source.returns, source.signals[0]!.aborted]).toEqual([1, false])
  })

  test('fails those who wait with ix’s AbortError when its signal is aborted, and lets go of everything', async () => {
    const source = watched()
    const abort = new AbortController()
    source.answer = () => new Promise(() => undefined)
    const iterator = iterate(withAbort<number>(abort.signal)(double(source)))
    const answers = Promise.allSettled([iterator.next(), iterator.next()])
    await turn()
    abort.abort()
    expect(await answers).toMatchObject([
      { status: 'rejected', reason: { name: 'AbortError' } },
      { status: 'fulfilled', value: over },
    ])
    expect(source.returns).toBe(1)
    expect(await iterator.next()).toEqual(over)
  })

  test('tells an abort to who asks next, without what was left of the item', async () => {
    const source = watched()
    const abort = new AbortController()
    const iterator = iterate(withAbort<number>(abort.signal)(twice(source)))
    await iterator.next()
    abort.abort()
    expect(source.returns).toBe(1)
    await expect(iterator.next()).rejects.toMatchObject({ name: 'AbortError' })
    expect(await iterator.next()).toEqual(over)
  })

  test('asks nothing under a signal that is aborted already', async () => {
    const source = watched()
    await expect(toArray(as(source).pipe(double, withAbort(AbortSignal.abort())))).rejects.toMatchObject({
      name: 'AbortError',
    })
    expect(source.iterations).toBe(0)
  })

  test('asks its source for nothing while the pipeline is held', async () => {
    const context = standaloneContext()
    const source = watched(3)
    const release = context.backPressure.holds.take('the test')
    const iterator = within(context, () => iterate(as(source).pipe(double)))
    const answer = iterator.next()
    await turn()
    expect(source.asked).toBe(0)
    release()
    expect(await answer).toEqual(yielded(0))
  })

  test('asks for as many items as an asynchronous step may be at work on, and for more when one is done', async () => {
    const source = watched()
    const settle: ((value: number) => void)[] = []
    const slow = to((_: number) => new Promise<number>((resolve) => settle.push(resolve)), { concurrency: 3 })
    const iterator = iterate(as(source).pipe(double, slow, twice))
    const first = iterator.next()
    await turn()
    expect([source.asked, settle.length]).toEqual([3, 3])
    settle[1]!(1)
    await turn()
    expect(source.asked).toBe(3)
    settle[0]!(0)
    expect(await first).toEqual(yielded(0))
    await turn()
    expect(source.asked).toBe(3) // nobody wants more
    expect([await iterator.next(), await iterator.next()]).toEqual([yielded(0), yielded(1)])
    await iterator.return!()
    expect(source.returns).toBe(1)
  })

  test('is at its end when its sink has closed, and asks nothing of the source while the sink holds', async () => {
    const source = watched(4)
    const seen: number[] = []
    let close!: () => void
    let release = (): void => undefined
    const sink = {
      name: 'slow',
      open: ({ holds }: { holds: { take(name: string): () => void } }) => ({
        write(n: number) {
          seen.push(n)
          if (n === 2) release = holds.take('slow')
        },
        close: () => new Promise<void>((resolve) => (close = resolve)),
        abort: () => undefined,
      }),
    }
    const answer = iterate(as(source).pipe(double, toSink(sink))).next()
    await turn()
    expect([seen, source.asked]).toEqual([[0, 2], 2])
    release()
    await turn()
    expect(seen).toEqual([0, 2, 4, 6])
    close()
    expect(await answer).toEqual(over)
  })

  test('takes no more from a generator of toMulti than is asked for, and ends it', async () => {
    const calls: string[] = []
    const endless = toMulti(function* (n: number) {
      try {
        for (let at = 0; ; at++) {
          calls.push(`${n}: ${at}`)
          yield at
        }
      } finally {
        calls.push('end')
      }
    })
    const source = watched()
    const iterator = iterate(as(source).pipe(double, endless, double))
    expect(await iterator.next()).toEqual(yielded(0))
    expect(calls).toEqual(['0: 0'])
    expect(await iterator.next()).toEqual(yielded(2))
    expect(calls).toEqual(['0: 0', '0: 1'])
    await iterator.return!()
    expect(calls).toEqual(['0: 0', '0: 1', 'end'])
    expect(source.asked).toBe(1)
  })

  test('keeps the order where generators lead to generators and to arrays', async () => {
    const upTo = toMulti(function* (n: number) {
      for (let at = 0; at <= n; at++) yield at === 1 ? undefined : at
    })
    const pairs = toMulti((n: number) => [n, 10 * n])
    const messages = as([2, 0, 3]).pipe(upTo, pairs, upTo, pairs)
    const one = (n: number): number[] => [...Array(n + 1).keys()].filter((at) => at !== 1)
    const two = (ns: number[]): number[] => ns.flatMap((n) => [n, 10 * n])
    expect(await toArray(messages)).toEqual(two(two([2, 0, 3].flatMap(one)).flatMap(one)))
  })

  test('gives what a generator yields before it throws, when that is asked for, and names its message', async () => {
    const cause = new Error('half way')
    const broken = toMulti(function* (n: number) {
      yield n
      yield n + 1
      throw cause
    })
    const source = watched()
    const iterator = iterate(broken(double(source)))
    expect(await iterator.next()).toEqual(yielded(0))
    expect(await iterator.next()).toEqual(yielded(1))
    expect(source.returns).toBe(0)
    await expect(iterator.next()).rejects.toMatchObject({
      code: 'COMPUTATION_FAILED',
      cause,
      expected: 'the computation to take 0',
    })
    expect([source.asked, source.returns]).toEqual([1, 1])
  })

  test('gives what is left of a generator before the error of a step in front of it', async () => {
    const cause = new Error('broken')
    const spread = toMulti(function* (n: number) {
      yield n
      yield n
    })
    const picky = to((n: number) => {
      if (n === 1) throw cause
      return n
    })
    const iterator = iterate(
      as([5]).pipe(
        toMulti((n: number) => [n, 1, n]),
        picky,
        spread,
      ),
    )
    expect([await iterator.next(), await iterator.next()]).toEqual([yielded(5), yielded(5)])
    await expect(iterator.next()).rejects.toMatchObject({ code: 'COMPUTATION_FAILED', cause })
    expect(await iterator.next()).toEqual(over)
  })

  test('runs a generator to its end where a sink takes all', async () => {
    const seen: number[] = []
    const spread = toMulti(function* (n: number) {
      for (let at = 0; at < 3; at++) yield n + at
    })
    await toArray(as([10, 20]).pipe(spread, toSink(observerSink({ next: (n: number) => seen.push(n) }))))
    expect(seen).toEqual([10, 11, 12, 20, 21, 22])
  })

  test('counts as at rest once all was asked for, also while it asks its source ahead', async () => {
    const context = standaloneContext()
    const source = watched()
    const settle: (() => void)[] = []
    const slow = to((n: number) => new Promise<number>((resolve) => settle.push(() => resolve(n))), { concurrency: 2 })
    const iterator = within(context, () => iterate(slow(source)))
    const first = iterator.next()
    source.answer = () => new Promise(() => undefined)
    await turn()
    settle[0]!()
    await first
    expect(context.backPressure.bridgeInFlight.any).toBe(true)
    void iterator.next()
    expect(context.backPressure.bridgeInFlight.any).toBe(false)
    await iterator.return!()
  })

  test('finds no more than the outputs of one item in memory, whoever asks how often', async () => {
    const source = watched(100)
    let most = 0
    let given = 0
    const spread = toMulti((n: number) => {
      most = Math.max(most, 3 * n - given)
      return [n, n, n]
    })
    for await (const _ of as(source).pipe(spread)) given++
    expect(given).toBe(300)
    expect(most).toBe(0)
  })
})
