import {
  asapScheduler,
  asyncScheduler,
  catchError,
  concat,
  concatMap,
  debounceTime,
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
  subscribeOn,
  switchMap,
  take,
  throwError,
  timeout,
  timer,
  toArray,
} from 'rxjs'
import { setImmediate as immediate, setTimeout as later } from 'node:timers/promises'
import { to } from '../../../operators/to.ts'

/** What stands at the source of each. */
export type Probe = Observable<number>

const broken = throwError(() => new Error('again'))

/** Pipelines between the operator and the probe, and how often each subscribes to it. */
export const pipelines: [string, (source: (then?: Observable<number>) => Probe) => Observable<unknown>, number][] = [
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
