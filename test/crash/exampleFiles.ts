import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { symbols } from '../../examples/05-market-spread/symbols.ts'
import { createRandom } from '../bench/random.ts'
import { createVocabulary } from '../bench/vocabulary.ts'

const messages = 150_000

const hexLines = (count: number, message: (n: number) => Buffer): string =>
  Array.from({ length: count }, (_, n) => message(n).toString('hex')).join('\n')

function writeFile(directory: string, name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return `file:${path}`
}

/** The numbers 1, 2, 3 …, as `sequence-window` reads them. */
export function writeNumbers(directory: string): string {
  const number = Buffer.alloc(8)
  return writeFile(
    directory,
    'numbers.hex',
    hexLines(messages, (n) => {
      number.writeBigUInt64BE(BigInt(n + 1))
      return number
    }),
  )
}

/** Transactions of 500 users, as `alerts` reads them. */
export function writeTransactions(directory: string, seed: number): string {
  const random = createRandom(seed)
  const users = createVocabulary().slice(0, 500)
  const transaction = (): string =>
    `${users[Math.floor(random() * users.length)]!} ${Math.floor(random() * 2500) - 1250}`
  return writeFile(directory, 'transactions.txt', Array.from({ length: messages }, transaction).join('\n'))
}

/** Market data, and orders of which about every second one is rejected, as `market-spread` reads them. */
export function writeMarket(directory: string, seed: number): string {
  const random = createRandom(seed)
  const some = (): number => symbols[Math.floor(random() * symbols.length)]!
  const quote = Buffer.alloc(42, '02')
  const orders = hexLines(messages, (n) => {
    const order = Buffer.alloc(53, ' ')
    order.writeUInt8(1, 0)
    order.writeUInt8(1 + (n % 2), 1)
    order.writeUInt32BE(n % 1000, 2)
    order.write(String(n).padStart(6, '0'), 6, 'latin1')
    order.writeUInt32BE(some(), 12)
    order.writeDoubleBE(100, 16)
    order.writeDoubleBE(1 + random(), 24)
    return order
  })
  const quotes = hexLines(messages, () => {
    quote.writeUInt8(2, 0)
    quote.writeUInt32BE(some(), 1)
    const bid = 100 * random()
    quote.writeDoubleBE(bid, 26)
    quote.writeDoubleBE(bid + 0.1 * random(), 34)
    return quote
  })
  return [writeFile(directory, 'orders.hex', orders), writeFile(directory, 'market-data.hex', quotes)].join(',')
}
