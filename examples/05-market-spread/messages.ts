/**
 * What comes over the wires. All numbers are big-endian; a payload that is too short throws, which makes it a dead
 * letter.
 */

export interface Order {
  readonly side: number
  readonly account: number
  /** 6 bytes. */
  readonly orderId: Buffer
  /** 4 bytes, the symbol at their end, as one number: the key. */
  readonly symbol: number
  readonly quantity: number
  readonly price: number
}

export interface Quote {
  readonly symbol: number
  readonly bid: number
  readonly offer: number
}

export interface RejectedOrder {
  readonly order: Order
  readonly bid: number
  readonly offer: number
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint
}

/** u8 type 1, u8 side, u32 account, 6 bytes order id, 4 bytes symbol, f64 quantity, f64 price, 21 bytes time. */
export function decodeOrder(payload: Buffer): Order {
  expect(payload, 1, 53, 'an order')
  return {
    side: payload.readUInt8(1),
    account: payload.readUInt32BE(2),
    orderId: payload.subarray(6, 12),
    symbol: payload.readUInt32BE(12),
    quantity: payload.readDoubleBE(16),
    price: payload.readDoubleBE(24),
  }
}

/** u8 type 2, 4 bytes symbol, 21 bytes time, f64 bid, f64 offer. */
export function decodeQuote(payload: Buffer): Quote {
  expect(payload, 2, 42, 'market data')
  return { symbol: payload.readUInt32BE(1), bid: payload.readDoubleBE(26), offer: payload.readDoubleBE(34) }
}

function expect(payload: Buffer, type: number, length: number, what: string): void {
  if (payload.length > 0 && payload[0] !== type) {
    throw new RangeError(
      `${what} begins with ${type}, not ${payload[0]!}. Are the senders connected the wrong way around?`,
    )
  }
  if (payload.length < length) throw new RangeError(`${what} has ${length} bytes`)
}

/** u16 side, u32 account, 6 bytes order id, 4 bytes symbol, f64 quantity, price, bid and offer, u64 timestamp. */
export function encodeRejected({ order, bid, offer, timestamp }: RejectedOrder): Buffer {
  const bytes = Buffer.alloc(56)
  bytes.writeUInt16BE(order.side, 0)
  bytes.writeUInt32BE(order.account, 2)
  order.orderId.copy(bytes, 6)
  bytes.writeUInt32BE(order.symbol, 12)
  bytes.writeDoubleBE(order.quantity, 16)
  bytes.writeDoubleBE(order.price, 24)
  bytes.writeDoubleBE(bid, 32)
  bytes.writeDoubleBE(offer, 40)
  bytes.writeBigUInt64BE(timestamp, 48)
  return bytes
}

/** The same for a reader. */
export function describeRejected({ order, bid, offer }: RejectedOrder): string {
  const symbol = Buffer.alloc(4)
  symbol.writeUInt32BE(order.symbol)
  const side = order.side === 1 ? 'buy' : 'sell'
  const what = `${side} ${order.quantity} ${symbol.toString('latin1').trim()} at ${order.price}`
  return `rejected ${order.orderId.toString('latin1')}: ${what}, bid ${bid}, offer ${offer}\n`
}
