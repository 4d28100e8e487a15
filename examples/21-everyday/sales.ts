/**
 * CSV in, JSON lines out: an application in one file, without a command line of its own.
 *
 *   npx wallarx run examples/21-everyday/sales.ts < examples/data/sales.csv
 *
 * With --store DIR the totals go on at the next start, with --monitor 9464 there is a page that shows it, and --log off
 * keeps to itself what was wrong with two rows of the sample. `npx wallarx run --help` tells the rest.
 */
import { csv, fileSink, fileSource, framed, hashOf, json, statePartition } from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
import { z } from 'zod'

const stdin = '-'
const stdout = '-'

/** Other columns of the file are left out; a price that is no number makes the row a dead letter, with its line. */
const sales = csv({ validate: z.object({ shop: z.string(), price: z.coerce.number() }) })

type Sale = ReturnType<typeof sales.decode>

const totals = statePartition('totals', {
  key: hashOf(({ shop }: Sale) => shop),
  build: () => ({ sales: 0, cents: 0 }),
})

export const pipelines = {
  sales: fileSource({ path: stdin, framing: sales.framing }).pipe(
    decode(sales),
    toStatePartition(({ shop, price }, total) => {
      total.sales++
      total.cents += Math.round(100 * price)
      return [{ shop, sales: total.sales, total: total.cents / 100 }, true]
    }, totals),
    encode(framed(json(), { delimiter: '\n' })),
    toSink(fileSink({ path: stdout })),
  ),
}
