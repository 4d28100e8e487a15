/**
 * RxJS's own operators among ours: `debounceTime`, `retry`, `share`, and what each means for back pressure and
 * durability.
 *
 *                  back pressure                            durability
 *   debounceTime   none of its own; it drops on purpose     what it keeps back is in no checkpoint: a crash loses it
 *   retry          passes holds on                          subscribes to the source again: what came comes again
 *   share          holds of all branches, if it is inside   one source, one state, one position
 *                  the pipeline that `run` subscribes to
 */
import assert from 'node:assert/strict'
import {
  connect,
  debounceTime,
  defer,
  from,
  lastValueFrom,
  merge,
  retry,
  tap,
  timer,
  toArray,
  type Observable,
} from 'rxjs'
import { fromAsyncIterable, memoryStore, observerSink, run, statePartition, type Store } from 'wallarx'
import { to, toSink, toState } from 'wallarx/operators'

const counter = () => statePartition('counter', { build: () => ({ count: 0 }), key: () => 0 })
const count = (_message: unknown, state: { count: number }): [number, boolean] => [++state.count, true]

// --- debounceTime: behind the state, never before it ----------------------------------------------------------------

const burst = () => fromAsyncIterable([1, 2, 3, 4, 5])
const before = await lastValueFrom(burst().pipe(debounceTime(5), toState(count, counter())))
const behind = await lastValueFrom(burst().pipe(toState(count, counter()), debounceTime(5)))
console.log(`debounceTime before the state counts ${before} of 5, behind it ${behind}: only outputs are thinned out`)
assert.deepEqual([before, behind], [1, 5])

/** A memory that says when a checkpoint has been kept for which `isWanted` held when it was taken. */
function watched(store: Store, isWanted: () => boolean) {
  let tell = (): void => undefined
  const kept = new Promise<void>((resolve) => (tell = resolve))
  const open = async () => {
    const opened = await store.open()
    const commit: typeof opened.commit = async (changes) => {
      const wanted = isWanted()
      await opened.commit(changes)
      if (wanted) tell()
    }
    return { ...opened, commit }
  }
  return { store: { ...store, open }, kept }
}

/** Counts three messages, and fails once a checkpoint has been taken; then starts again and counts one more. */
async function failAfterCheckpoint(thin: (counts: Observable<number>) => Observable<number>) {
  const outputs: number[] = []
  let counted = 0
  const store = memoryStore()
  const start = (store: Store, messages: AsyncIterable<number> | Iterable<number>) =>
    run({
      name: 'Counter',
      pipelines: {
        counts: thin(
          fromAsyncIterable(messages).pipe(
            toState(count, counter()),
            tap((n) => (counted = n)),
          ),
        ).pipe(toSink(observerSink({ next: (n: number) => outputs.push(n), error: () => undefined }))),
      },
      store,
      checkpointInterval: 1,
      log: false,
    })
  const first = watched(store, () => counted === 3)
  async function* failing() {
    yield* [1, 2, 3]
    await first.kept
    throw new Error('the source is gone')
  }
  await assert.rejects((await start(first.store, failing())).closed)
  await (
    await start(store, [4])
  ).closed
  return outputs
}
const plain = await failAfterCheckpoint((counts) => counts)
const debounced = await failAfterCheckpoint((counts) => counts.pipe(debounceTime(60_000)))
console.log(
  `outputs around a failure: ${plain.join(' ')}; with debounceTime: ${debounced.join(' ')} (the state knew all four)`,
)
assert.deepEqual(plain, [1, 2, 3, 4])
assert.deepEqual(debounced, [4]) // 3 was kept back, in no checkpoint; a normal end would have let it through

// --- retry: around what can fail, not around the source -------------------------------------------------------------

/** A service that fails at each first call. */
function flaky() {
  const known = new Set<number>()
  return (n: number): number => {
    if (known.has(n)) return n
    known.add(n)
    throw new Error(`no answer for ${n}`)
  }
}
const inside = flaky()
const each = await lastValueFrom(
  fromAsyncIterable([1, 2, 3]).pipe(
    to((n) => lastValueFrom(defer(() => from([inside(n)])).pipe(retry({ delay: () => timer(1) }))), { concurrency: 2 }),
    toState(count, counter()),
  ),
)
console.log(
  `retry inside a step, three messages: ${each} counted; a step at its concurrency holds the source meanwhile`,
)
assert.equal(each, 3)

let failures = 1
const outside = fromAsyncIterable([1, 2, 3]).pipe(
  toState(count, counter()),
  to((n) => {
    if (n === 3 && failures-- > 0) throw new Error('no answer')
    return n
  }),
  retry(1),
)
const again = await lastValueFrom(outside.pipe(toArray()))
console.log(`retry around the source, three messages: ${again.join(' ')}`)
assert.deepEqual(again, [1, 2, 4, 5, 6]) // the source began anew, the state did not: the three were counted as six

// --- share: one pipeline, several branches --------------------------------------------------------------------------

let subscriptions = 0
async function* numbers() {
  subscriptions++
  for (let n = 1; n <= 100; n++) {
    handed = n
    yield n
  }
}
let handed = 0
let most = 0
const fast: number[] = []
const slow: number[] = []
const branches = fromAsyncIterable({ [Symbol.asyncIterator]: numbers }).pipe(
  toState(count, counter()),
  // connect is share for branches that stand in one place, all subscribed to before the source begins.
  connect((counts) =>
    merge(
      counts.pipe(toSink(observerSink({ next: (n: number) => fast.push(n) }))),
      counts.pipe(
        to(
          async (n) => {
            await new Promise((resolve) => setImmediate(resolve))
            most = Math.max(most, handed - n)
            return n
          },
          { concurrency: 4 },
        ),
        toSink(observerSink({ next: (n: number) => slow.push(n) })),
      ),
    ),
  ),
)
await (
  await run({ name: 'Branches', pipelines: { branches }, log: false })
).closed
console.log(`shared: ${subscriptions} subscription; the source was at most ${most} messages ahead of the slow branch`)
assert.equal(subscriptions, 1)
assert.deepEqual([fast, slow].map((all) => [all.length, all.at(-1)]), [[100, 100], [100, 100]]) // prettier-ignore
assert(most <= 4)
