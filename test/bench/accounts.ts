import { statePartition } from 'wallarx'

/** The state of an entity of the benches of checkpoints. */
export interface Account {
  owner: string
  bookings: number
  balance: number
  last: number[]
}

// The multiplier spreads keys over more than 32 bits.
export const keyOfAccount = (number: number): number => number * 4_294_967

export const accounts = statePartition('accounts', {
  key: keyOfAccount,
  build: (): Account => ({ owner: 'nobody yet', bookings: 0, balance: 0, last: [] }),
})

/** Books a message, which is the number of an account. */
export function book(number: number, account: Account): [balance: number, changed: true] {
  account.bookings++
  account.balance += (number % 1000) / 100
  account.last = [number, ...account.last.slice(0, 2)]
  return [account.balance, true]
}

/** In ms since 1970: when no timer of a bench fires. */
export const farAway = Date.UTC(2200, 0)
