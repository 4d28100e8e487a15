import { defer, finalize, tap } from 'rxjs'
import { teardownHappensOnce, type LawOptions } from 'wallarx/testing'
import { numbers, type Planted } from '../planted.ts'
import { raw, passOn, inLaterTurns, rightOperators } from './operators.ts'

export const planted: Planted[] = [
  {
    bug: 'an operator that does not pass the completion on',
    check: (options: LawOptions) =>
      teardownHappensOnce(
        raw((source, subscriber) => {
          source.subscribe(passOn(subscriber, { complete: () => undefined }))
          return undefined
        }),
        { messages: numbers, ...options, timeout: 30 },
      ),
  },
  {
    bug: 'an operator that leaks its source only when it is unsubscribed from',
    check: (options: LawOptions) =>
      teardownHappensOnce(
        raw((source, subscriber) => {
          source.subscribe(passOn(subscriber))
          return undefined
        }),
        { messages: numbers, ...options },
      ),
  },
  {
    bug: 'an operator that releases twice when its source completes',
    check: (options: LawOptions) =>
      teardownHappensOnce<number>(
        (acquire) => (source) =>
          defer(() => {
            const release = acquire()
            return source.pipe(tap({ complete: release }), finalize(release))
          }),
        { messages: numbers, ...options },
      ),
  },
  {
    bug: 'an operator that releases at its end only',
    check: (options: LawOptions) =>
      teardownHappensOnce<number>(
        (acquire) => (source) =>
          defer(() => {
            const release = acquire()
            return source.pipe(tap({ complete: release, error: release }))
          }),
        { messages: numbers, ...options },
      ),
  },
  {
    bug: 'an operator that emits from a timer which it does not clear',
    check: (options: LawOptions) =>
      teardownHappensOnce(
        raw((source, subscriber) => source.subscribe(inLaterTurns(subscriber))),
        { messages: numbers, ...options },
      ),
  },
].map((planted) => ({ law: 'teardownHappensOnce', ...planted }))

export const right = rightOperators.map(({ name, build }): Planted => ({
  law: 'teardownHappensOnce',
  bug: name,
  check: (options) => teardownHappensOnce(build, { messages: numbers, ...options }),
}))
