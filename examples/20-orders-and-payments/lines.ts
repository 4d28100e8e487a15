import { pipe, type OperatorFunction } from 'rxjs'
import { utf8 } from 'wallarx'
import { decode, to } from 'wallarx/operators'
import type { Order, Payment } from './paidOrders.ts'
import type { Click } from './visits.ts'

/** `2026-03-01T09:00:00Z 1 49.90`; anything else is bad input. */
const sale = (line: string): { at: number; id: number; sum: number } => {
  const [at = '', id, sum] = line.split(' ')
  return { at: Date.parse(at), id: Number(id), sum: Number(sum) }
}

export const orders = (): OperatorFunction<Buffer, Order> => pipe(decode(utf8), to(sale))

export const payments = (): OperatorFunction<Buffer, Payment> =>
  pipe(
    decode(utf8),
    to((line) => {
      const { at, id, sum } = sale(line)
      return { at, order: id, sum }
    }),
  )

/** `2026-03-01T09:00:00Z ann /boats`. */
export const clicks = (): OperatorFunction<Buffer, Click> =>
  pipe(
    decode(utf8),
    to((line) => {
      const [at = '', visitor = '', page = ''] = line.split(' ')
      return { at: Date.parse(at), visitor, page }
    }),
  )
