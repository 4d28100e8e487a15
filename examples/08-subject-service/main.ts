/**
 * Wrapping a service that is built on a Subject: what it publishes goes through a pipeline with state by key and back
 * into another Subject of its own.
 *
 * Back pressure: a Subject cannot be told to wait. `fromObservable` keeps what it publishes while the pipeline is held,
 * up to `maxBuffered` messages, and `overflow` says what happens to the next one: an error (default) or a loss that you
 * chose. On the way out, `observerSink` hands over at once; who subscribes to that Subject cannot hold the pipeline.
 * Durability: what the service published and nobody took is gone in a crash; state is kept if `run` has a store. What
 * must not be lost goes through `journaled` as bytes.
 */
import assert from 'node:assert/strict'
import { Subject, type Observable } from 'rxjs'
import { fromObservable, observerSink, run, statePartition, WallarxError, type FromObservableOptions } from 'wallarx'
import { to, toSink, toStatePartition } from 'wallarx/operators'

interface Quote {
  readonly symbol: number
  readonly price: number
}

/** The service as it was. */
class Quotes {
  readonly #quotes = new Subject<Quote>()
  readonly highs = new Subject<string>()
  readonly quotes$ = this.#quotes.asObservable()

  publish(symbol: number, price: number): void {
    this.#quotes.next({ symbol, price })
  }

  close(): void {
    this.#quotes.complete()
  }
}

/** The pipeline: each new high of a symbol. It takes one quote at a time, each a turn of the event loop. */
function highs(quotes: Observable<Quote>, options: FromObservableOptions): Observable<string> {
  const highest = statePartition('highest', { key: ({ symbol }: Quote) => symbol, build: () => ({ price: 0 }) })
  return fromObservable(quotes, { name: 'quotes', ...options }).pipe(
    to((quote) => new Promise<Quote>((resolve) => setImmediate(resolve, quote)), { concurrency: 1 }),
    toStatePartition(({ symbol, price }, state) => {
      if (price <= state.price) return [undefined, false]
      state.price = price
      return [`symbol ${symbol}: ${price}`, true]
    }, highest),
  )
}

/** Publishes nine quotes in one turn, and returns the highs that come out. */
async function publishNine(options: FromObservableOptions): Promise<string[]> {
  const service = new Quotes()
  const seen: string[] = []
  service.highs.subscribe({ next: (high) => seen.push(high), error: () => undefined })
  const app = await run({
    name: 'Highs',
    pipelines: { highs: highs(service.quotes$, options).pipe(toSink(observerSink(service.highs))) },
    log: false,
  })
  for (let price = 1; price <= 9; price++) service.publish(price % 2, price)
  service.close()
  await app.closed
  return seen
}

const all = await publishNine({ maxBuffered: 8 })
console.log('a buffer that is large enough:', all.join(', '))
assert.equal(all.length, 9)

const newest = await publishNine({ maxBuffered: 2, overflow: 'drop oldest' })
console.log('two at most, the oldest dropped:', newest.join(', '))
assert.deepEqual(newest, ['symbol 1: 1', 'symbol 0: 8', 'symbol 1: 9'])

const failure: unknown = await publishNine({ maxBuffered: 2 }).catch((error: unknown) => error)
assert(failure instanceof WallarxError && failure.code === 'BUFFER_OVERFLOW')
console.log('two at most, and no loss allowed:', failure.code, '-', failure.message)
