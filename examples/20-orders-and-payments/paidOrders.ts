import { pipe, type Observable, type OperatorFunction } from 'rxjs'
import { minutes } from 'wallarx'
import { encode, joinWithin } from 'wallarx/operators'

export interface Order {
  readonly id: number
  /** In ms since 1970. */
  readonly at: number
  readonly sum: number
}

export interface Payment {
  readonly order: number
  readonly at: number
  readonly sum: number
}

/** Says of each order when it was paid, or that it was not within half an hour. Records in, text out. */
export function paidOrders(payments: Observable<Payment>): OperatorFunction<Order, Buffer> {
  return pipe(
    joinWithin(payments, {
      name: 'paid orders',
      left: { key: (order: Order) => order.id, at: (order) => order.at },
      right: { key: (payment) => payment.order, at: (payment) => payment.at },
      after: minutes(30),
      outOfOrder: minutes(10),
      unmatched: true,
      combine: (order, payment) =>
        payment === undefined
          ? `order ${order.id} was not paid within half an hour\n`
          : `order ${order.id} was paid after ${(payment.at - order.at) / minutes(1)} min\n`,
    }),
    encode((line) => line),
  )
}
