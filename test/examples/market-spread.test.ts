import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startExampleByName } from '../support/example.ts'
import { connectWhenOpen, frame, freePort, receive } from '../support/sockets.ts'

const time = '20180112-09:30:00.001' // 21 bytes

function quoteFrame(symbol: string, bid: number, offer: number): Buffer {
  const payload = Buffer.alloc(42)
  payload[0] = 2
  payload.write(symbol.padStart(4), 1, 'latin1')
  payload.write(time, 5, 'latin1')
  payload.writeDoubleBE(bid, 26)
  payload.writeDoubleBE(offer, 34)
  return frame(payload)
}

interface Order {
  readonly symbol: string
  readonly side: number
  readonly account: number
  readonly orderId: string
  readonly quantity: number
  readonly price: number
}

function orderFrame({ symbol, side, account, orderId, quantity, price }: Order): Buffer {
  const payload = Buffer.alloc(53)
  payload[0] = 1
  payload[1] = side
  payload.writeUInt32BE(account, 2)
  payload.write(orderId, 6, 'latin1')
  payload.write(symbol.padStart(4), 12, 'latin1')
  payload.writeDoubleBE(quantity, 16)
  payload.writeDoubleBE(price, 24)
  payload.write(time, 32, 'latin1')
  return frame(payload)
}

/** What must come out for an order, without the timestamp in the last 8 bytes; in hexadecimal. */
function rejected({ symbol, side, account, orderId, quantity, price }: Order, bid: number, offer: number): string {
  const bytes = Buffer.alloc(52)
  bytes.writeUInt32BE(56)
  bytes.writeUInt16BE(side, 4)
  bytes.writeUInt32BE(account, 6)
  bytes.write(orderId + symbol.padStart(4), 10, 'latin1')
  for (const [at, value] of [quantity, price, bid, offer].entries()) bytes.writeDoubleBE(value, 20 + 8 * at)
  return bytes.toString('hex')
}

const orders = (count: number, symbols: readonly string[], seed: number): Order[] =>
  fc.sample(
    fc.record({
      symbol: fc.constantFrom(...symbols),
      side: fc.constantFrom(1, 2),
      account: fc.integer({ min: 0, max: 0xffffffff }),
      orderId: fc.stringMatching(/^[A-Z0-9]{6}$/),
      quantity: fc.integer({ min: 1, max: 10_000 }),
      price: fc.double({ min: 0, max: 2000, noNaN: true }),
    }),
    { numRuns: count, seed },
  )

const narrow = Array.from('ABCDEFGHIJ')
const wide = ['K', 'Z', 'AA', 'AZ', 'BA', 'CC', 'DX', 'KQ', 'LA', 'ML'] // the last is the 350th of the symbols

// Rejected where the spread is 0.05 or more, or 5 % of the middle or more.
const edges: [name: string, bid: number, offer: number, isRejected: boolean][] = [
  ['a spread of 0.05 exactly', 0, 0.05, true],
  ['the same, where the share of the middle is negative', -0.05, 0, true],
  ['a spread of 0.0625', 100, 100.0625, true],
  ['a spread that is less than 0.05 as doubles subtract', 100, 100.05, false],
  ['5 % of the middle exactly, and less than 0.05', 19.5 / 64, 20.5 / 64, true],
  ['5.8 % of the middle', 0.5, 0.53, true],
  ['3.9 % of the middle', 0.5, 0.52, false],
  ['nothing at all', 0, 0, false],
  ['an offer below the bid', 10, 9, false],
]

test('rejects orders of symbols with a wide spread, byte by byte, and goes on after what is no order', async () => {
  const receiver = await receive({ onConnection: ({ socket }) => socket.setEncoding('latin1') })
  const received = (): number => receiver.text().length // bytes
  /** The outputs by now: the timestamp apart, the rest in hexadecimal. */
  const outputs = (): { order: string; timestamp: bigint }[] => {
    const all = Buffer.from(receiver.text(), 'latin1')
    expect(all.length % 60).toBe(0)
    return Array.from({ length: all.length / 60 }, (_, at) => ({
      order: all.toString('hex', 60 * at, 60 * at + 52),
      timestamp: all.readBigUInt64BE(60 * at + 52),
    }))
  }
  const ports = [await freePort(), await freePort()] as const
  const began = BigInt(Date.now()) * 1_000_000n
  const [ordersAt, marketDataAt] = ports.map((port) => `127.0.0.1:${port}`)
  const program = startExampleByName(
    'market-spread',
    '--in',
    `${ordersAt!},${marketDataAt!}`,
    '--out',
    receiver.address,
  )
  const trader = await connectWhenOpen(ports[0], program.hasEnded)
  const market = await connectWhenOpen(ports[1], program.hasEnded)

  // Wallaroo's own test: all market data first, then 1,000 orders that pass and 1,000 that do not.
  const early = orders(1, ['A'], 9)[0]!
  trader.write(orderFrame(early)) // before any market data; passes
  const offers = fc.sample(fc.double({ min: 0, max: 0.049, noNaN: true }), { numRuns: 1000, seed: 1 })
  for (const [at, more] of offers.entries()) market.write(quoteFrame(narrow[at % 10]!, 1000, 1000 + more))
  for (let at = 0; at < 1000; at++) market.write(quoteFrame(wide[at % 10]!, 1000, 1001))
  market.write(orderFrame(early)) // the wrong way around
  await program.until(() => program.stderr().includes('Market Data: dead letter DECODE_FAILED'))
  const bad = orders(1000, wide, 3)
  for (const [at, order] of orders(1000, narrow, 2).entries()) {
    trader.write(orderFrame(order))
    trader.write(orderFrame(bad[at]!))
  }
  trader.write(Buffer.concat([quoteFrame('A', 1, 2), orderFrame({ ...early, symbol: 'MM' }), frame('')]))
  await program.until(() => program.stderr().includes('Orders: dead letter KEY_NOT_IN_PARTITION'))
  await receiver.until(() => received() >= 60 * bad.length)
  expect(outputs()).toHaveLength(1000)
  const expected = bad.map((order) => rejected(order, 1000, 1001))
  expect(
    outputs()
      .map(({ order }) => order)
      .sort(),
  ).toEqual([...expected].sort())

  // The edges of the rule, each on a symbol of its own; symbols without a quote pass.
  const symbolOf = (at: number): string => `B${String.fromCharCode(0x42 + at)}`
  for (const [at, [, bid, offer]] of edges.entries()) {
    market.write(quoteFrame(symbolOf(at), 1, 2))
    market.write(quoteFrame(symbolOf(at), bid, offer)) // the last one counts
  }
  market.write(Buffer.concat([frame('\x02 AA short'), quoteFrame('aa', 1, 2)]))
  await program.until(() => program.stderr().includes('Market Data: dead letter KEY_NOT_IN_PARTITION'))
  const last = { ...early, symbol: 'ML' }
  const tried = edges.map((_, at) => ({ ...early, orderId: `EDGE0${at}`, symbol: symbolOf(at) }))
  trader.write(Buffer.concat([{ ...early, symbol: 'BZ' }, ...tried, last].map(orderFrame)))
  const atEdges = tried.flatMap((order, at) => {
    const [, bid, offer, isRejected] = edges[at]!
    return isRejected ? [rejected(order, bid, offer)] : []
  })
  const all = [...atEdges, rejected(last, 1000, 1001)]
  await receiver.until(() => received() >= 60 * (1000 + all.length))
  program.process.kill('SIGTERM')
  expect(await program.ended).toBe(0)
  expect(
    outputs()
      .slice(1000)
      .map(({ order }) => order),
  ).toEqual(all)
  for (const { timestamp } of outputs()) expect(timestamp >= began).toBe(true)
  expect(program.stderr()).toMatch(/Market Data: dead letter DECODE_FAILED: .*begins with 2, not 1\. Are the senders /)
  expect(program.stderr()).toMatch(/Orders: dead letter DECODE_FAILED: .*begins with 1, not 2\. Are the senders /)
  expect(program.stderr()).toContain('Orders: dead letter DECODE_FAILED: 1 more\n')
  expect(program.stderr()).toMatch(/Orders: dead letter KEY_NOT_IN_PARTITION: expected one of the 350 keys /)
})
