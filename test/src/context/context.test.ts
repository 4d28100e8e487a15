import {
  asapScheduler,
  asyncScheduler,
  catchError,
  concat,
  concatMap,
  debounceTime,
  defer,
  delay,
  exhaustMap,
  expand,
  from,
  map,
  mergeMap,
  NEVER,
  Observable,
  observeOn,
  of,
  repeat,
  retry,
  share,
  Subject,
  subscribeOn,
  switchMap,
  take,
  throwError,
  timeout,
  timer,
  toArray,
} from 'rxjs'
import { setImmediate as immediate, setTimeout as later } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { to } from '../../../operators/to.ts'
import { toSink } from '../../../operators/toSink.ts'
import { currentContext, within, type Context } from '../../../src/context/context.ts'
import { fromObservable, observerSink, run, toAsyncIterable } from '../../../src/index.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { gather } from '../../operators/gather.ts'

type Probe = Observable<number>

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

const broken = throwError(() => new Error('again'))

/** Pipelines between the operator and the probe, and how often each subscribes to it. */
const pipelines: [string, (source: (then?: Observable<number>) => Probe) => Observable<unknown>, number][] = [
  ['nothing', (source) => source(), 1],
  ['operators that map', (source) => source().pipe(map(String), toArray()), 1],
  [
    'retry at once',
    (source) =>
      source(broken).pipe(
        retry(2),
        catchError(() => of(0)),
      ),
    3,
  ],
  [
    'retry after a time',
    (source) =>
      source(broken).pipe(
        retry({ count: 2, delay: 1 }),
        catchError(() => of(0)),
      ),
    3,
  ],
  [
    'retry of what fails later',
    (source) =>
      source(timer(1).pipe(switchMap(() => broken))).pipe(
        retry(2),
        catchError(() => of(0)),
      ),
    3,
  ],
  [
    'retry after a promise',
    (source) =>
      source(broken).pipe(
        retry({ count: 1, delay: () => immediate() }),
        catchError(() => of(0)),
      ),
    2,
  ],
  ['repeat at once', (source) => source().pipe(repeat(3)), 3],
  ['repeat after a time', (source) => source().pipe(repeat({ count: 3, delay: 1 })), 3],
  ['repeat of what completes later', (source) => source(timer(1)).pipe(repeat(3)), 3],
  ['switchMap of a timer', (source) => timer(1).pipe(switchMap(() => source())), 1],
  [
    'switchMap of a timer that goes on',
    (source) =>
      timer(0, 1).pipe(
        take(3),
        switchMap(() => source()),
      ),
    3,
  ],
  ['mergeMap', (source) => of(1, 2).pipe(mergeMap(() => source(timer(1)))), 2],
  ['concatMap', (source) => of(1, 2, 3).pipe(concatMap(() => source(timer(1)))), 3],
  ['exhaustMap', (source) => timer(1).pipe(exhaustMap(() => source())), 1],
  [
    'expand',
    (source) =>
      source().pipe(
        expand(() => source(timer(1))),
        take(3),
      ),
    4,
  ],
  ['a promise', (source) => from(later(1)).pipe(switchMap(() => source())), 1],
  [
    'an asynchronous function',
    (source) =>
      of(1).pipe(
        mergeMap(async () => immediate()),
        switchMap(() => source()),
      ),
    1,
  ],
  ['an asynchronous generator', (source) => from(turns(2)).pipe(concatMap(() => source())), 2],
  ['setImmediate', (source) => immediately().pipe(switchMap(() => source())), 1],
  ['concat', (source) => concat(timer(1), source(), source()), 2],
  [
    'delay',
    (source) =>
      of(1).pipe(
        delay(1),
        switchMap(() => source()),
      ),
    1,
  ],
  [
    'debounceTime',
    (source) =>
      of(1).pipe(
        debounceTime(1),
        switchMap(() => source()),
      ),
    1,
  ],
  ['subscribeOn', (source) => source().pipe(subscribeOn(asyncScheduler, 1)), 1],
  [
    'observeOn',
    (source) =>
      of(1).pipe(
        observeOn(asapScheduler),
        switchMap(() => source()),
      ),
    1,
  ],
  [
    'catchError',
    (source) =>
      timer(1).pipe(
        switchMap(() => broken),
        catchError(() => source()),
      ),
    1,
  ],
  ['timeout', (source) => NEVER.pipe(timeout({ first: 1, with: () => source() })), 1],
  ['share', (source) => source(timer(1)).pipe(share()), 1],
  [
    'our own operators',
    (source) =>
      source().pipe(
        to((n) => n),
        to(async (n) => immediate(n), { concurrency: 2 }),
        repeat(2),
      ),
    2,
  ],
]

async function* turns(count: number): AsyncGenerator<number> {
  for (let at = 0; at < count; at++) yield await immediate(at)
}

const immediately = (): Observable<number> =>
  new Observable((subscriber) => {
    const handle = setImmediate(() => {
      subscriber.next(1)
      subscriber.complete()
    })
    return () => {
      clearImmediate(handle)
    }
  })

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
