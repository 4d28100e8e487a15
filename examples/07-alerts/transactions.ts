export interface Transaction {
  /** Of the transaction, or of the user. */
  readonly id: string
  /** Whole; below 0 a withdrawal. */
  readonly amount: number
}

/** The number after this one in a row of pseudo-random whole numbers from -1250 to 1249. */
const next = (amount: number): number => modulo(amount * 1451 + 7, 2500) - 1250

/** The remainder that is not below 0. */
const modulo = (number: number, divisor: number): number => ((number % divisor) + divisor) % divisor

/** Transactions 0, 1, 2 …, each asked for when there is room for it. */
export function* numberedTransactions(count: number): Generator<Transaction> {
  let amount = 1
  for (let id = 0; id < count; id++) {
    yield { id: String(id), amount }
    amount = next(amount)
  }
}

const users = ['Fido', 'Rex', 'Dr. Whiskers', 'Feathers', 'Mountaineer']

/** Transactions of each user in turn. A balance beyond ±5000 is turned around by ∓6000. */
export function* userTransactions(count: number): Generator<Transaction> {
  const balances = users.map(() => 0)
  let amount = 1
  for (let n = 0; n < count; n++) {
    const user = n % users.length
    if (n > 0) amount = next(amount)
    if (balances[user]! > 5000) amount = -6000
    else if (balances[user]! < -5000) amount = 6000
    balances[user]! += amount
    yield { id: users[user]!, amount }
  }
}

/** A transaction as it comes over TCP or from a file: `ID AMOUNT`. What is not of this form throws: a dead letter. */
export function transaction(payload: Buffer): Transaction {
  const [, id, amount] = /^(.*\S) +(-?\d+)$/.exec(payload.toString()) ?? []
  if (id === undefined) throw new SyntaxError('a transaction is ID AMOUNT, the amount a whole number')
  return { id, amount: Number(amount) }
}
