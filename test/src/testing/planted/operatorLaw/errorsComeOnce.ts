import { catchError, EMPTY, NEVER, type OperatorFunction } from 'rxjs'
import { errorsComeOnce, type LawOptions } from 'wallarx/testing'
import { raw, passOn, inLaterTurns, rightOperators } from './operators.ts'
import { numbers, type Planted } from '../planted.ts'

interface FailingOperator {
  readonly bug: string
  readonly build: () => OperatorFunction<number, number>
  readonly options?: LawOptions
}

const failingOperators: FailingOperator[] = [
  {
    bug: 'an operator that emits after its error',
    build: raw((source, subscriber) =>
      source.subscribe(
        passOn(subscriber, {
          error: (error: unknown) => {
            subscriber.error(error)
            /* eslint-disable-next-line rxjs-x/no-redundant-notify -- the bug */
            subscriber.next(-1)
          },
        }),
      ),
    ),
  },
  {
    bug: 'an operator that emits from a timer after its error',
    build: raw((source, subscriber) => source.subscribe(inLaterTurns(subscriber))),
  },
  {
    bug: 'an operator that fails twice',
    build: raw((source, subscriber) =>
      source.subscribe(
        passOn(subscriber, {
          error: (error: unknown) => {
            subscriber.error(error)
            /* eslint-disable-next-line rxjs-x/no-redundant-notify -- the bug */
            subscriber.error(error)
          },
        }),
      ),
    ),
  },
  {
    bug: 'an operator that completes where its source fails',
    build: () => catchError(() => EMPTY),
  },
  {
    bug: 'an operator that puts its own error in place of the source’s',
    build: () =>
      catchError(() => {
        throw new Error('something went wrong')
      }),
  },
  {
    bug: 'an operator that completes after it has failed',
    build: raw((source, subscriber) =>
      source.subscribe(
        passOn(subscriber, {
          error: (error: unknown) => {
            subscriber.error(error)
            /* eslint-disable-next-line rxjs-x/no-redundant-notify -- the bug */
            subscriber.complete()
          },
        }),
      ),
    ),
  },
  {
    bug: 'an operator that never ends where its source fails',
    build: () => catchError(() => NEVER),
    options: { timeout: 30 },
  },
]

export const planted = failingOperators.map(({ bug, build, options: own }): Planted => ({
  law: 'errorsComeOnce',
  bug,
  check: (options) => errorsComeOnce(build, { messages: numbers, ...own, ...options }),
}))

export const right = rightOperators.map(({ name, build }): Planted => ({
  law: 'errorsComeOnce',
  bug: name,
  check: (options) => errorsComeOnce(build, { messages: numbers, ...options }),
}))
