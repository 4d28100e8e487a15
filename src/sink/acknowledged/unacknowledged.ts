import { crc32 } from '../../base/crc32.ts'
import { WallarxError } from '../../base/errors.ts'
import { createQueue } from '../../base/queue.ts'
import type { Mark } from '../../acknowledged/wire.ts'

/** Whole frames in a row. */
export interface Frames {
  readonly bytes: Buffer
  /** The mark behind the last of them. */
  readonly last: Mark
}

/** The frames that a receiver has not acknowledged, in order, and what is known of those before. */
export interface Unacknowledged {
  /** Behind the last frame that was made. */
  readonly last: Mark
  /** Behind the last frame that is acknowledged: what is kept begins after it. */
  readonly acknowledged: Mark
  /** What a receiver has and is not made yet: what is made up to there is compared and not kept. */
  readonly ahead: Mark | undefined
  /** Adds frames; gives what is left of them to be sent. */
  add(bytes: Buffer, last: number): Frames | undefined
  /**
   * A receiver has all up to a mark: forgets that. Throws `RECEIVER_CHANGED` where it had more before, and
   * `STREAM_REPLAY_DIFFERS` where it has others than these.
   */
  acknowledge(mark: Mark): void
  [Symbol.iterator](): IterableIterator<Frames>
}

/** `removed` is told how many bytes are not kept any more. */
export function createUnacknowledged(begin: Mark, removed: (bytes: number) => void): Unacknowledged {
  const kept = createQueue<Frames>()
  let first: Frames | undefined // in front of those of `kept`, cut off where it was acknowledged in part
  let acknowledged = begin
  let last = begin
  let ahead: Mark | undefined

  const drop = (frames: Frames): void => {
    acknowledged = frames.last
    removed(frames.bytes.length)
  }

  const forgetTo = (number: number): void => {
    while ((first ??= kept.shift()) !== undefined && first.last.number <= number) {
      drop(first)
      first = undefined
    }
    if (first === undefined || number <= acknowledged.number) return
    const cut = offsetAfter(first.bytes, acknowledged.number + 1, number)
    acknowledged = { number, checksum: crc32(first.bytes, 0, cut, acknowledged.checksum) }
    first = { bytes: first.bytes.subarray(cut), last: first.last }
    removed(cut)
  }

  const acknowledge = (mark: Mark): void => {
    if (mark.number < acknowledged.number) throw receiverForgot(mark.number, acknowledged.number)
    forgetTo(mark.number)
    if (mark.number > last.number) {
      ahead = mark
      return
    }
    ahead = undefined
    if (mark.checksum !== acknowledged.checksum) throw replayDiffers(mark.number)
  }

  return {
    get last() {
      return last
    },
    get acknowledged() {
      return acknowledged
    },
    get ahead() {
      return ahead
    },
    add(bytes, number) {
      last = { number, checksum: crc32(bytes, 0, bytes.length, last.checksum) }
      const frames = { bytes, last }
      kept.push(frames)
      if (ahead === undefined) return frames
      if (number >= ahead.number) acknowledge(ahead)
      else forgetTo(number)
      return first
    },
    acknowledge,
    *[Symbol.iterator]() {
      if (first !== undefined) yield first
      yield* kept
    },
  }
}

/** Where the frame after `number` begins in frames whose first has the number `first`. */
export function offsetAfter(bytes: Buffer, first: number, number: number): number {
  let at = 0
  for (let each = first; each <= number; each++) at += 4 + bytes.readUInt32BE(at)
  return at
}

const advice = 'put its store back, or begin anew under another name of the stream (option stream)'

function receiverForgot(has: number, had: number): WallarxError {
  return new WallarxError('RECEIVER_CHANGED', {
    expected: `a receiver that has what it acknowledged, up to number ${had}`,
    got: `one that has up to ${has}: it has lost its state, or is an older copy; ${advice}`,
  })
}

function replayDiffers(number: number): WallarxError {
  return new WallarxError('STREAM_REPLAY_DIFFERS', {
    expected: `the frames up to number ${number} to be those that the receiver has`,
    got:
      'others: after a crash the pipeline has not made the same again, as one with several sources, the time or ' +
      `chance in it may. Use send: 'after checkpoint' for it; go on under another name of the stream (option stream)`,
  })
}
