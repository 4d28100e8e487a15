import { groupBy, map, mergeMap, scan, type Observable } from 'rxjs'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'

export interface Payment {
  readonly account: number
  readonly amount: number
}
export interface Balance {
  readonly account: number
  readonly balance: number
}

/** As one writes it with RxJS alone: a Subject and two subscriptions for each account, for ever. */
export const byGroups = (payments: Observable<Payment>): Observable<Balance> =>
  payments.pipe(
    groupBy(({ account }) => account),
    mergeMap((group) =>
      group.pipe(
        scan((balance, { amount }) => balance + amount, 0),
        map((balance) => ({ account: group.key, balance })),
      ),
    ),
  )

/** The same with a state partition: the seed of `scan` is `build`, its accumulator the computation. */
export const byState = (payments: Observable<Payment>): Observable<Balance> =>
  payments.pipe(
    toStatePartition(
      ({ account, amount }, state) => {
        state.balance += amount
        return [{ account, balance: state.balance }, true]
      },
      statePartition('balances', { key: ({ account }: Payment) => account, build: () => ({ balance: 0 }) }),
    ),
  )
