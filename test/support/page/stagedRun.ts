import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fromAsyncIterable, hashOf, observerSink, run, statePartition, tcpSink } from 'wallarx'
import { decode, encode, to, toMulti, toSink, toStatePartition } from 'wallarx/operators'

/** A run of two pipelines under load, in which stalls can be staged. */
export interface StagedRun {
  /** Of its page. */
  readonly url: string
  /** What takes the counts reads no more, or again. */
  readCounts(reads: boolean): void
  /** What orders wait for does not answer, or does again. */
  answer(answers: boolean): void
  /** Most orders are of one customer, or are no more. */
  favour(one: boolean): void
  close(): Promise<void>
}

const ordersEach = 20 // ms
const answerTime = 4 // ms

export async function startStagedRun(): Promise<StagedRun> {
  const sockets = new Set<Socket>()
  let isFavoured = false
  let isOver = false
  let letAnswer = (): void => undefined
  let mayAnswer = Promise.resolve()

  const receiver = createServer((socket) => {
    sockets.add(socket.resume().on('error', () => undefined))
  })
  await once(receiver.listen(0, '127.0.0.1'), 'listening')
  const { port } = receiver.address() as AddressInfo

  const text = readFileSync(new URL('../../../examples/data/river.txt', import.meta.url), 'utf8').split('\n')
  async function* lines(): AsyncGenerator<Buffer> {
    for (let n = 0; !isOver; n++) {
      yield Buffer.from(text[n % text.length]!)
      if (n % 20 === 0) await delay(5)
    }
  }
  async function* orders(): AsyncGenerator<Buffer> {
    for (let n = 0; !isOver; n++) {
      const customer = isFavoured && n % 10 !== 0 ? 42 : (n * 7919) % 1000
      yield Buffer.from(n % 500 === 499 ? '{"customer":' : JSON.stringify({ customer, amount: n % 100 }))
      if (n % 10 === 0) await delay(ordersEach)
    }
  }

  interface Order {
    readonly customer: number
    readonly amount: number
  }
  const words = statePartition('words', { key: hashOf((word: string) => word), build: () => ({ count: 0 }) })
  const accounts = statePartition('accounts', {
    key: ({ customer }: Order) => customer,
    build: () => ({ orders: 0, sum: 0, since: new Date() }),
  })
  const countWords = {
    name: 'count words',
    compute: (word: string, total: { count: number }): [string, boolean] => [`${word} ${++total.count}\n`, true],
  }
  const lookUp = {
    name: 'look up customer',
    async compute(order: Order, account: { orders: number; sum: number }): Promise<[Order, boolean]> {
      await mayAnswer
      await delay(answerTime)
      account.orders++
      account.sum += order.amount
      return [order, true]
    },
  }
  const wordCount = fromAsyncIterable(lines(), { name: 'lines' }).pipe(
    toMulti({
      name: 'split into words',
      compute: (line: Buffer) =>
        String(line)
          .toLowerCase()
          .match(/[a-z]+/g) ?? [],
    }),
    toStatePartition(countWords, words),
    encode((count: string) => count),
    toSink(tcpSink({ connect: `127.0.0.1:${port}` })),
  )
  const ordered = fromAsyncIterable(orders(), { name: 'orders' }).pipe(
    decode({ name: 'parse order', decode: (frame: Buffer) => JSON.parse(String(frame)) as Order }),
    toStatePartition(lookUp, accounts, { concurrency: 16 }),
    to({ name: 'paid', compute: (order: Order) => order }),
    toSink(observerSink({ next: () => undefined })),
  )
  const app = await run({
    name: 'Shop',
    pipelines: { 'word count': wordCount, orders: ordered },
    deadLetters: () => undefined,
    monitor: { listen: 0 },
    log: false,
    handleSignals: false,
  })

  const answer = (answers: boolean): void => {
    letAnswer()
    if (!answers) mayAnswer = new Promise((resolve) => (letAnswer = resolve))
  }
  const readCounts = (reads: boolean): void => {
    for (const socket of sockets)
      if (reads) socket.resume()
      else socket.pause()
  }
  return {
    url: app.monitor!.url,
    readCounts,
    answer,
    favour(one) {
      isFavoured = one
    },
    async close() {
      isOver = true
      answer(true)
      readCounts(true)
      await app.close()
      receiver.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
