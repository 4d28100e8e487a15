import { setTimeout as delay } from 'node:timers/promises'
import { Subject } from 'rxjs'
import { fromObservable, lmdbStore, observerSink, run } from 'wallarx'
import { toSink, toStatePartition } from 'wallarx/operators'
import { answer } from '../answer.ts'
import { accounts, book } from '../accounts.ts'
import { createScratch } from '../scratch.ts'
import { watchedStore } from '../watchedStore.ts'

// node commits.ts TOTAL: a checkpoint each second, of 1,000 of so many entities

const total = Number(process.argv[2])
const changed = 1000
const slices = 50 // in which they come, over a second
const atOnce = 50_000 // made between two checkpoints

let commits: number[] = [] // in ms, each until it was durable
const store = watchedStore(lmdbStore(createScratch()), async (changes, commitNow) => {
  const start = performance.now()
  await commitNow(changes)
  commits.push(performance.now() - start)
})

const messages = new Subject<number>()
const seen = observerSink<unknown>({ next: () => {} })

/** Keeps looking at the clock; tells how long the event loop did not come to that, at most. */
function watchStalls(): () => number {
  let longest = 0
  let before = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - before - 1)
    before = now
  }, 1)
  return () => {
    clearInterval(timer)
    return longest
  }
}

answer({
  /** Starts the run, and fills the store. */
  async start() {
    await run({
      name: 'Commits',
      pipelines: { changed: fromObservable(messages).pipe(toStatePartition(book, accounts), toSink(seen)) },
      store,
      checkpointInterval: 1000,
      log: false,
    })
    for (let from = 0; from < total; from += atOnce) {
      for (let number = from; number < Math.min(from + atOnce, total); number++) messages.next(number)
      while (commits.length <= from / atOnce) await delay(10)
    }
  },
  /** Changes for so many seconds; what the commits took, and the longest stall of each second. */
  async watch(seconds: number) {
    commits = []
    const stalls: number[] = []
    const stride = Math.floor(total / changed)
    for (let second = 0; second < seconds; second++) {
      const stalled = watchStalls()
      for (let slice = 0; slice < slices; slice++) {
        for (let at = slice; at < changed; at += slices) messages.next(at * stride + (second % stride))
        await delay(1000 / slices)
      }
      stalls.push(stalled())
    }
    return { commits, stalls }
  },
})
