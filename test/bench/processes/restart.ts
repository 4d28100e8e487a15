import { Subject } from 'rxjs'
import { fromObservable, lmdbStore, observerSink, run, type StateResult, type Timers } from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'
import { accounts, book, farAway, type Account } from '../accounts.ts'
import { answer } from '../answer.ts'
import type { Filling } from '../starts.ts'

// node restart.ts DIRECTORY [timers]

const store = lmdbStore(process.argv[2]!)
const atOnce = 50_000 // made between two starts, so that few are in memory

/** Of so many entities one sets a timer. */
let oneOf = Infinity
const bookAndSet = {
  compute(number: number, account: Account, timers: Timers): StateResult<number> {
    if (number % oneOf === 0) timers.set('far', farAway + number)
    return book(number, account)
  },
  onTimer: (): StateResult<number> => [undefined, false],
}
const booking = process.argv[3] === 'timers' ? bookAndSet : book

answer({
  async fill({ entities: total, timers = 0 }: Filling) {
    oneOf = total / timers
    for (let from = 0; from < total; from += atOnce) {
      const messages = new Subject<number>()
      const filled = fromObservable(messages).pipe(toStatePartition(booking, accounts), toSink(observerSink({})))
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
    const restarted = fromObservable(messages).pipe(toStatePartition(booking, accounts), toSink(taken))
    const app = await run({ name: 'Restart', pipelines: { restarted }, store, log: false })
    messages.next(number)
    await app.close()
    return { milliseconds, output }
  },
})
