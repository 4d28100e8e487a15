import type { Observable } from 'rxjs'
import { statePartition, type StateResult } from 'wallarx'
import { decode, toStatePartition } from 'wallarx/operators'
import { decodeOrder, decodeQuote, type Order, type Quote, type RejectedOrder } from './messages.ts'
import { symbols } from './symbols.ts'

/** What is known of a symbol: its last quote, and whether that is too wide to trade on. */
interface SymbolData {
  bid: number
  offer: number
  isTooWide: boolean
}

/** Both pipelines name it, so both have the same entities: one writes them, one reads them. */
const symbolData = statePartition('symbol-data', {
  key: ({ symbol }: { readonly symbol: number }) => symbol,
  build: (): SymbolData => ({ bid: 0, offer: 0, isTooWide: false }), // without a quote every order passes
  keys: symbols,
})

function updateMarketData({ bid, offer }: Quote, data: SymbolData): StateResult<never> {
  const spread = offer - bid
  const mid = (bid + offer) / 2
  data.bid = bid
  data.offer = offer
  data.isTooWide = spread >= 0.05 || spread / mid >= 0.05
  return [undefined, true]
}

function checkOrder(order: Order, { bid, offer, isTooWide }: SymbolData): StateResult<RejectedOrder> {
  if (!isTooWide) return [undefined, false]
  return [{ order, bid, offer, timestamp: BigInt(Date.now()) * 1_000_000n }, false]
}

/** The pipeline "Market Data": quotes in, nothing out. */
export const marketData = (payloads: Observable<Buffer>): Observable<never> =>
  payloads.pipe(decode(decodeQuote), toStatePartition(updateMarketData, symbolData))

/** The pipeline "Orders": orders in, those of them out that are rejected. */
export const orders = (payloads: Observable<Buffer>): Observable<RejectedOrder> =>
  payloads.pipe(decode(decodeOrder), toStatePartition(checkOrder, symbolData))
