import { setTimeout as delay } from 'node:timers/promises'
import { Subject } from 'rxjs'
import {
  fromObservable,
  lmdbStore,
  observerSink,
  run,
  StateMap,
  statePartition,
  type Sink,
  type StateResult,
  type Timers,
} from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'
import { answer } from '../answer.ts'
import { createStateCodec } from '../contenders/stateCodec.ts'
import { createScratch } from '../scratch.ts'
import { watchedStore } from '../watchedStore.ts'
import { accounts, book, farAway, keyOfAccount, type Account } from '../accounts.ts'

// node checkpoints.ts entities|entries|timers TOTAL, with --expose-gc

const total = Number(process.argv[3])
const checkpointInterval = 50
const atOnce = 50_000 // made between two checkpoints

/** When the parts of the latest checkpoint were, in milliseconds of one clock. */
const at = { held: 0, committing: 0, handedOver: 0, released: 0, durable: 0 }
let changes = 0
let tellDurable: (() => void) | undefined

/** With a look at the clock around each commit. */
const store = watchedStore(lmdbStore(createScratch()), async (packed, commitNow) => {
  at.committing = performance.now()
  changes = packed.length
  const committed = commitNow(packed)
  at.handedOver = performance.now()
  await committed
  at.durable = performance.now()
  // In a turn of its own: the checkpoint is over then.
  setImmediate(() => tellDurable?.())
})

// A pipeline of its own tells how long sources are held: its sink is flushed once they are, and a message that comes
// then is handed over when they go on.
const probe = new Subject<undefined>()
const probeSink: Sink<undefined> = {
  name: 'probe',
  open: () => ({
    write() {
      at.released = performance.now()
    },
    async flush() {
      at.held = performance.now()
      probe.next(undefined)
      return undefined
    },
    async close() {},
    abort() {},
  }),
}

const messages = new Subject<number>()
const seen = observerSink<unknown>({ next: () => {} })
const words = statePartition('words', { key: () => 0, build: () => new StateMap<string, number>() })
const countEntry = (entry: number, counts: StateMap<string, number>): StateResult<number> => {
  const word = `word ${String(entry).padStart(8, '0')}` // neighbours are neighbours in the store too
  const count = (counts.get(word) ?? 0) + 1
  counts.set(word, count)
  return [count, true]
}
const states: Account[] = [] // by number
const bookAndKeep = (number: number, account: Account): StateResult<number> => {
  states[number] = account
  return book(number, account)
}
let far = farAway
const bookAndSet = {
  compute(number: number, account: Account, timers: Timers): StateResult<number> {
    timers.set('far', far++)
    return book(number, account)
  },
  onTimer: (): StateResult<number> => [undefined, false],
}
const steps = {
  entities: () => fromObservable(messages).pipe(toStatePartition(bookAndKeep, accounts), toSink(seen)),
  entries: () => fromObservable(messages).pipe(toStatePartition(countEntry, words), toSink(seen)),
  timers: () => fromObservable(messages).pipe(toStatePartition(bookAndSet, accounts), toSink(seen)),
}
const changed = steps[process.argv[2] as keyof typeof steps]()

/** Sends the messages, and waits until the checkpoint after them is over. */
const send = async (numbers: Iterable<number>): Promise<void> => {
  const durable = new Promise<void>((resolve) => {
    tellDurable = resolve
  })
  for (const number of numbers) messages.next(number)
  await durable
}

function* range(from: number, to: number): Generator<number> {
  for (let number = from; number < to; number++) yield number
}

/**
 * Milliseconds that it takes to pack so many accounts and nothing else: the neighbours of those that a checkpoint has
 * packed, where they have any, which lie in memory as those do, and were changed as long before: caches have forgotten
 * them.
 */
async function packAlone(numbers: readonly number[]): Promise<number> {
  const codec = createStateCodec<Account>(accounts)
  const packed = numbers.map((number) => {
    const neighbour = (number + (total > numbers.length ? 1 : 0)) % total
    const state = states[neighbour]!
    book(neighbour, state)
    return { state, key: BigInt(keyOfAccount(neighbour)) }
  })
  await delay(checkpointInterval)
  const start = performance.now()
  for (const { state, key } of packed) codec.pack(state, key)
  return performance.now() - start
}

answer({
  /** Starts the run, and fills the store. */
  async start() {
    await run({
      name: 'Checkpoints',
      pipelines: { changed, probe: fromObservable(probe).pipe(toSink(probeSink)) },
      store,
      checkpointInterval,
      log: false,
    })
    for (let from = 0; from < total; from += atOnce) await send(range(from, Math.min(from + atOnce, total)))
    globalThis.gc?.()
  },
  /** Milliseconds of one checkpoint after these were changed. */
  async checkpoint(numbers: readonly number[]) {
    await send(numbers)
    if (changes < numbers.length) throw new Error(`${changes} changes, not those of ${numbers.length} messages`)
    return {
      whole: at.durable - at.held,
      held: at.released - at.held,
      packing: at.committing - at.held,
      handingOver: at.handedOver - at.committing,
      packingAlone: states.length > 0 ? await packAlone(numbers) : NaN,
    }
  },
})
