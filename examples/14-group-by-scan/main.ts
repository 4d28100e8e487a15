/**
 * Replacing `groupBy` and `mergeMap(scan)` by `toStatePartition`: the same outputs in the same order, and a fraction of
 * the memory for many keys.
 *
 * Back pressure: the same, as both are synchronous; with an asynchronous accumulator `toStatePartition` holds the
 * source at its `concurrency`, one message at a time for each key, where `mergeMap` queues without bound.
 * Durability: what `scan` has gathered lives in closures and is gone with the process. The state of a partition is in
 * the checkpoints of a `run` with a store, and with `cache: n` it may be larger than memory.
 */
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { from, lastValueFrom, Subject, toArray, type Observable } from 'rxjs'
import { byGroups, byState, type Balance, type Payment } from './groupByScan.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const accounts = 20_000
const payments = Array.from({ length: 2 * accounts }, (_, n): Payment => ({
  account: (n * 7919) % accounts,
  amount: n % 100,
}))

const used = (): number => {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** The memory that each account takes while the stream is open. */
function bytesPerAccount(balancesOf: (payments: Observable<Payment>) => Observable<Balance>): number {
  const before = used()
  const input = new Subject<Payment>()
  const subscription = balancesOf(input).subscribe()
  for (const payment of payments) input.next(payment)
  const bytes = (used() - before) / accounts
  subscription.unsubscribe()
  return bytes
}

const all = (balances: Observable<Balance>): Promise<Balance[]> => lastValueFrom(balances.pipe(toArray()))
const balances = await all(byState(from(payments)))
assert.deepEqual(balances, await all(byGroups(from(payments))))
console.log(`${balances.length} balances, the same from both`)

const [groups, states] = [bytesPerAccount(byGroups), bytesPerAccount(byState)]
console.log(`memory of an account: groupBy ${Math.round(groups)} bytes, toStatePartition ${Math.round(states)}`)
assert(states < groups / 3)
