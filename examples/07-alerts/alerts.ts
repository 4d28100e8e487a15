import type { Observable } from 'rxjs'
import { hashOf, statePartition, type StateResult } from 'wallarx'
import { to, toStatePartition } from 'wallarx/operators'
import type { Transaction } from './transactions.ts'

function alert({ id, amount }: Transaction, limit: number): string | undefined {
  if (amount > limit) return `Deposit Alert for ${id}: ${amount}\n`
  if (amount < -limit) return `Withdrawal Alert for ${id}: ${amount}\n`
  return undefined
}

/** Stateless: a line for each transaction of more than 1000. */
export const transactionAlerts = (transactions: Observable<Transaction>): Observable<string> =>
  transactions.pipe(to({ name: 'check transaction', compute: (transaction) => alert(transaction, 1000) }))

const transactionTotals = statePartition('transaction totals', {
  key: hashOf((transaction: Transaction) => transaction.id), // a key is a number; this makes one from a name
  build: () => ({ total: 0 }),
})

function checkTransactionTotal({ id, amount }: Transaction, state: { total: number }): StateResult<string> {
  state.total += amount
  return [alert({ id, amount: state.total }, 2000), true]
}

/** Stateful: a line for each transaction that brings, or leaves, the total of its user beyond 2000. */
export const totalAlerts = (transactions: Observable<Transaction>): Observable<string> =>
  transactions.pipe(toStatePartition(checkTransactionTotal, transactionTotals))
