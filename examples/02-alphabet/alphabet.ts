import type { Observable } from 'rxjs'
import { statePartition, type ByteSink, type StateResult } from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'

export interface Vote {
  /** An ASCII code. */
  readonly letter: number
  readonly votes: bigint
}

/** A payload is the letter, one byte, and the votes, 4 bytes, big-endian. One that is shorter throws: a dead letter. */
const vote = (payload: Buffer): Vote => ({ letter: payload.readUInt8(0), votes: BigInt(payload.readUInt32BE(1)) })

const a = 'a'.charCodeAt(0)

const runningVoteTotals = statePartition('running vote totals', {
  key: ({ letter }: Vote) => letter,
  build: () => ({ total: 0n }),
  keys: Array.from({ length: 26 }, (_, index) => a + index), // any other letter is a dead letter
})

function addVotes({ letter, votes }: Vote, state: { total: bigint }): StateResult<Vote> {
  state.total += votes
  return [{ letter, votes: state.total }, true]
}

const totalLine = ({ letter, votes }: Vote): string => `${String.fromCharCode(letter)} => ${votes}\n`

/** The pipeline: votes in, a line `LETTER => TOTAL` for each out. */
export const alphabet = (payloads: Observable<Buffer>, sink: ByteSink): Observable<never> =>
  payloads.pipe(decode(vote), toStatePartition(addVotes, runningVoteTotals), encode(totalLine), toSink(sink))
