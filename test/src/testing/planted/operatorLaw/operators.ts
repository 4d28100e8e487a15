import {
  concatMap,
  Observable,
  scan,
  type Observer,
  type OperatorFunction,
  type Subscriber,
  type Subscription,
} from 'rxjs'

export const raw =
  (
    start: (source: Observable<number>, subscriber: Subscriber<number>) => Subscription | undefined,
  ): (() => OperatorFunction<number, number>) =>
  () =>
  (source) =>
    new Observable((subscriber) => start(source, subscriber))

/** An observer that passes everything on, but for what is given. */
export const passOn = (subscriber: Subscriber<number>, own: Partial<Observer<number>> = {}): Observer<number> => ({
  next: (one) => {
    subscriber.next(one)
  },
  error: (error: unknown) => {
    subscriber.error(error)
  },
  complete: () => {
    subscriber.complete()
  },
  ...own,
})

/** The same with messages and completion in a later turn of the event loop. */
export const inLaterTurns = (subscriber: Subscriber<number>): Observer<number> =>
  passOn(subscriber, {
    next: (one) => {
      setImmediate(() => {
        subscriber.next(one)
      })
    },
    complete: () => {
      setImmediate(() => {
        subscriber.complete()
      })
    },
  })

/** Operators of RxJS that are right. */
export const rightOperators = [
  { name: 'scan', build: () => scan((sum: number, one: number) => sum + one, 0) },
  { name: 'concatMap of promises', build: () => concatMap((one: number) => Promise.resolve(one)) },
]
