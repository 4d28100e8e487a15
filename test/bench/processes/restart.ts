import { Subject } from 'rxjs'
import { fromObservable, lmdbStore, observerSink, run } from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'
import { accounts, book } from '../accounts.ts'
import { answer } from '../answer.ts'

// node restart.ts DIRECTORY

const store = lmdbStore(process.argv[2]!)
const atOnce = 50_000 // made between two starts, so that few are in memory

answer({
  /** Fills the store with so many entities. */
  async fill(total: number) {
    for (let from = 0; from < total; from += atOnce) {
      const messages = new Subject<number>()
      const filled = fromObservable(messages).pipe(toStatePartition(book, accounts), toSink(observerSink({})))
      const app = await run({ name: 'Restart', pipelines: { filled }, store, log: false })
      for (let number = from; number < Math.min(from + atOnce, total); number++) messages.next(number)
      await app.close()
    }
  },
  /** Milliseconds from the call of `run` until a message to a stored entity has come out, and its output. */
  async start(number: number) {
    const messages = new Subject<number>()
    const start = performance.now()
    let output: number | undefined
    let milliseconds = NaN
    const taken = observerSink<number>({
      next(balance) {
        milliseconds = performance.now() - start
        output = balance
      },
    })
    const restarted = fromObservable(messages).pipe(toStatePartition(book, accounts), toSink(taken))
    const app = await run({ name: 'Restart', pipelines: { restarted }, store, log: false })
    messages.next(number)
    await app.close()
    return { milliseconds, output }
  },
})
