import type { Observable } from 'rxjs'
import { statePartition, type StateResult } from 'wallarx'
import { decode, toMulti, toStatePartition } from 'wallarx/operators'

/**
 * The numbers 1, 2, 3 … stay that, but on the way one becomes many and some are filtered: a multiple of 12 brings the
 * two numbers after it, which are dropped when they come themselves.
 */
function maybeOneToMany(number: bigint): bigint[] {
  if (number < 12n) return [number]
  const rest = number % 12n
  if (rest === 0n) return [number, number + 1n, number + 2n]
  return rest <= 2n ? [] : [number]
}

const lastNumbers = statePartition('last numbers', {
  key: (number: bigint) => number % 2n,
  build: () => [0n, 0n, 0n, 0n],
})

function observeNewValue(number: bigint, window: bigint[]): StateResult<string> {
  window.shift()
  window.push(number)
  return [`[${window.join(',')}]`, true] // text, since the window itself goes on changing
}

/**
 * Payloads of a u64, big-endian, in; for each number `[a,b,c,d]` out, the last four of its parity. So each output
 * foretells the next, and a number that is lost, doubled or out of order anywhere on the way shows.
 */
export const sequenceWindow = (payloads: Observable<Buffer>): Observable<string> =>
  payloads.pipe(
    decode((payload) => payload.readBigUInt64BE(0)),
    toMulti(maybeOneToMany),
    toStatePartition(observeNewValue, lastNumbers),
  )
