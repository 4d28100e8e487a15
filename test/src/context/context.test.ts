import { concatMap, defer, map, type Observable, of, repeat, retry, Subject, switchMap, take, timer } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { to } from '../../../operators/to.ts'
import { toSink } from '../../../operators/toSink.ts'
import { currentContext, within, type Context } from '../../../src/context/context.ts'
import { fromObservable, observerSink, run, toAsyncIterable } from '../../../src/index.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { gather } from '../../operators/gather.ts'
import { pipelines, type Probe } from './pipelines.ts'

/** An Observable that notes the context of each of its subscriptions, then does what `source` does. */
function probe(): { seen: (Context | undefined)[]; source: (then?: Observable<number>) => Probe } {
  const seen: (Context | undefined)[] = []
  return {
    seen,
    source: (then = of(1)) =>
      defer(() => {
        seen.push(currentContext())
        return then
      }),
  }
}

/** What all contexts of a pipeline share; an asynchronous step makes one of its own for what is upstream. */
const pipelinesOf = (seen: readonly (Context | undefined)[]): Set<unknown> =>
  new Set(seen.map((context) => context?.time.pipeline))

describe('the context', () => {
  test.each(pipelines)('of a run goes up through %s', async (_, pipeline, subscriptions) => {
    const { seen, source } = probe()
    const app = await run({ name: 'Probe', pipelines: { probed: pipeline(source) }, log: false })
    await app.closed
    expect(seen.map((context) => context?.pipeline)).toEqual(Array<string>(subscriptions).fill('probed'))
    expect(pipelinesOf(seen).size).toBe(1)
    expect(currentContext()).toBeUndefined()
  })

  test.each(pipelines)(
    'that the most downstream operator makes goes up through %s',
    async (_, pipeline, subscriptions) => {
      const { seen, source } = probe()
      await gather(pipeline(source).pipe(to((message) => message)))
      expect(seen).toHaveLength(subscriptions)
      expect(seen[0]).toMatchObject({ pipeline: undefined })
      expect(pipelinesOf(seen).size).toBe(1)
      expect(currentContext()).toBeUndefined()
    },
  )

  test('is absent outside, and not made by asking for it', () => {
    const { seen, source } = probe()
    source().subscribe()
    expect(seen).toEqual([undefined])
  })

  test('is another one for each subscription outside a run', async () => {
    const { seen, source } = probe()
    const pipeline = source().pipe(to((n) => n))
    await gather(pipeline)
    await gather(pipeline)
    expect(seen[0]).not.toBe(seen[1])
  })

  test('is one for all of our operators in a pipeline', async () => {
    const { seen, source } = probe()
    const noting = <Message>(upstream: Observable<Message>): Observable<Message> =>
      defer(() => {
        seen.push(currentContext())
        return upstream
      })
    await gather(
      source().pipe(
        to((n) => n),
        noting,
        to((n) => n),
        noting,
        toSink(observerSink({})),
      ),
    )
    expect(seen).toHaveLength(3)
    expect(new Set(seen).size).toBe(1)
  })

  test('of a pipeline inside another pipeline is the outer one', async () => {
    const { seen, source } = probe()
    const inner = source().pipe(toSink(observerSink({})))
    const context = standaloneContext()
    await within(context, () =>
      gather(
        timer(1).pipe(
          switchMap(() => inner),
          to((n) => n),
        ),
      ),
    )
    expect(seen).toEqual([context])
  })

  test.each<[string, (pipeline: Observable<number>) => Observable<number>]>([
    ['retries', (pipeline) => pipeline.pipe(retry())],
    ['repeats', (pipeline) => pipeline.pipe(repeat())],
  ])('is there when a pipeline %s because of what a foreign Subject emits outside', async (how, again) => {
    const subject = new Subject<number>()
    const end = new Subject<void>()
    const { seen, source } = probe()
    const step = to((n: number) => {
      if (n === 0) throw new Error('again')
      return n
    })
    const upstream = how === 'retries' ? source(subject) : source(subject.pipe(take(1)))
    const pipeline = again(upstream.pipe(step))
    const context = standaloneContext()
    const gathered = within(context, () =>
      gather(
        pipeline.pipe(
          take(2),
          to((n) => n),
        ),
      ),
    )
    for (const n of how === 'retries' ? [1, 0, 2] : [1, 2]) subject.next(n)
    end.next()
    expect(await gathered).toEqual({ messages: [1, 2] })
    expect(seen).toEqual([context, context])
  })

  test('is there for what fromObservable hands over, wherever it was emitted', async () => {
    const subject = new Subject<number>()
    const { seen, source } = probe()
    const context = standaloneContext()
    const end = within(context, () => gather(fromObservable(subject).pipe(concatMap(() => source()))))
    subject.next(1)
    const release = context.backPressure.holds.take('the test')
    subject.next(2)
    release()
    within(standaloneContext(), () => {
      subject.next(3)
    })
    subject.complete()
    await end
    expect(seen).toEqual([context, context, context])
  })

  test('of an async iterator is the one it was made in', async () => {
    const { seen, source } = probe()
    const context = standaloneContext()
    const iterator = within(context, () => toAsyncIterable(source())[Symbol.asyncIterator]())
    await iterator.next()
    expect(seen).toEqual([context])
    expect(currentContext()).toBeUndefined()
  })

  test('of two runs at once is not mixed up', async () => {
    const { seen, source } = probe()
    const names = ['one', 'two']
    const apps = await Promise.all(
      names.map((name) =>
        run({
          name,
          pipelines: {
            [name]: timer(0, 1).pipe(
              take(5),
              concatMap(() => source(timer(1)).pipe(map(() => name))),
            ),
          },
          log: false,
        }),
      ),
    )
    await Promise.all(apps.map(({ closed }) => closed))
    for (const name of names) expect(seen.filter((context) => context?.pipeline === name)).toHaveLength(5)
    expect(new Set(seen).size).toBe(2)
  })
})
