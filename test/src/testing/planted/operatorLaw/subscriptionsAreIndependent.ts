import { defer, map, mergeMap, type Observable, tap } from 'rxjs'
import { subscriptionsAreIndependent } from 'wallarx/testing'
import { numbers, type Planted } from '../planted.ts'
import { rightOperators } from './operators.ts'

export const planted: Planted[] = [
  {
    bug: 'an operator that keeps its state outside the subscription',
    build: () => {
      let sum = 0
      return map((one: number) => (sum += one))
    },
  },
  {
    bug: 'an operator that remembers only across subscriptions what it has seen',
    build: () => {
      const seen = new Set<number>()
      return (source: Observable<number>) =>
        source.pipe(
          mergeMap((one) => {
            if (seen.has(one)) return []
            seen.add(one)
            return [one]
          }),
        )
    },
  },
  {
    bug: 'an operator that clears its state at completion, not when it is abandoned',
    build: () => {
      let sum = 0
      return (source: Observable<number>) =>
        source.pipe(
          map((one) => (sum += one)),
          tap({ complete: () => (sum = 0) }),
        )
    },
  },
  {
    bug: 'an operator that begins anew at subscription, for all subscriptions',
    build: () => {
      let sum = 0
      return (source: Observable<number>) =>
        defer(() => {
          sum = 0
          return source.pipe(map((one) => (sum += one)))
        })
    },
  },
].map(({ bug, build }) => ({
  law: 'subscriptionsAreIndependent',
  bug,
  check: (options) => subscriptionsAreIndependent(build, { messages: numbers, ...options }),
}))

export const right = rightOperators.map(({ name, build }): Planted => ({
  law: 'subscriptionsAreIndependent',
  bug: name,
  check: (options) => subscriptionsAreIndependent(build, { messages: numbers, ...options }),
}))
