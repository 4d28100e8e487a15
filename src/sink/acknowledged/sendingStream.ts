import { WallarxError } from '../../base/errors.ts'
import type { EntryChange, KeptEntries } from '../../context/endpoint.ts'
import { helloMessage, type Mark, type Welcome } from '../../acknowledged/wire.ts'
import type { Backlog } from '../backlog.ts'
import { beginStream, keptChanges, renamed, restoreStream } from './keptFrames.ts'
import { createUnacknowledged, type Frames } from './unacknowledged.ts'

export interface SendingStreamOptions {
  readonly stream: string
  readonly send: 'at once' | 'after checkpoint'
  readonly kept: KeptEntries
  readonly backlog: Backlog
}

/** One stream at its sender: what it has made and what is known of its receiver, whatever connection there is. */
export interface SendingStream {
  readonly hello: Buffer
  /** A checkpoint knows its id: it may greet. */
  readonly isKnown: boolean
  /** A checkpoint knows the receiver that has greeted: it may be sent frames. */
  readonly receiverIsKnown: boolean
  /** Of the last frame that was made. */
  readonly last: number
  readonly acknowledged: number
  /** All that was made is acknowledged, and no more than that. */
  readonly isDone: boolean
  /** Adds frames; gives what is left of them to be sent. Throws as `acknowledge` does. */
  add(bytes: Buffer, last: number): Frames | undefined
  /** Throws `RECEIVER_CHANGED`, `STREAM_REPLAY_DIFFERS` and `STREAM_AHEAD`. */
  welcome(welcome: Welcome): void
  /** The same. */
  acknowledge(mark: Mark): void
  /** Nothing more will be made. Throws `STREAM_AHEAD`. */
  end(): void
  /** What may be sent of frames. */
  isSendable(frames: Frames): boolean
  frames(): Iterable<Frames>
  /** For the checkpoint that is begun. */
  changes(): EntryChange[]
  /** That checkpoint is durable. */
  durable(): void
}

export function createSendingStream({ stream, send, kept, backlog }: SendingStreamOptions): SendingStream {
  const found = restoreStream(kept)
  const restored = found?.name === stream ? found : undefined
  const begun = restored ?? (found === undefined ? beginStream(stream) : renamed(found, stream))
  const unacknowledged = createUnacknowledged(begun.acknowledged, (bytes) => {
    backlog.remove(bytes)
  })
  for (const { bytes, last } of begun.frames) {
    backlog.add(bytes.length)
    unacknowledged.add(bytes, last)
  }
  const changes = keptChanges(begun, unacknowledged)
  // After a crash what was sent behind the checkpoint is made once more.
  const mayBeAhead = restored !== undefined && send === 'at once'
  let receiverId = restored?.receiverId
  let known = restored && { receiverId, last: restored.last.number } // by the last checkpoint
  let packed: typeof known // into the checkpoint that is under way
  let isEnded = false

  const checkAhead = (): void => {
    const { ahead, last } = unacknowledged
    if (ahead === undefined || (mayBeAhead && !isEnded)) return
    throw new WallarxError('STREAM_AHEAD', {
      expected: `a receiver that has frames of stream ${stream} up to number ${last.number} at most, the last one made`,
      got:
        `one that has up to ${ahead.number}: this sender has lost a part of its state, or is an older copy; put its ` +
        'store back, or begin anew under another name of the stream (option stream)',
    })
  }
  const acknowledge = (mark: Mark): void => {
    unacknowledged.acknowledge(mark)
    checkAhead()
  }

  return {
    hello: helloMessage({ streamId: begun.streamId, name: stream }),
    get isKnown() {
      return known !== undefined
    },
    get receiverIsKnown() {
      return receiverId !== undefined && known?.receiverId === receiverId
    },
    get last() {
      return unacknowledged.last.number
    },
    get acknowledged() {
      return unacknowledged.acknowledged.number
    },
    get isDone() {
      const { acknowledged, last, ahead } = unacknowledged
      return acknowledged.number === last.number && ahead === undefined
    },
    add(bytes, last) {
      backlog.add(bytes.length)
      return unacknowledged.add(bytes, last)
    },
    welcome(welcome) {
      if (receiverId !== undefined && receiverId !== welcome.receiverId) {
        throw new WallarxError('RECEIVER_CHANGED', {
          expected: `receiver ${receiverId}, which has frames of stream ${stream}`,
          got:
            `receiver ${welcome.receiverId}: another one, or one that has lost its state; put its store back, or ` +
            'begin anew under another name of the stream (option stream)',
        })
      }
      receiverId = welcome.receiverId
      acknowledge(welcome)
    },
    acknowledge,
    end() {
      isEnded = true
      checkAhead()
    },
    isSendable: ({ last }) => send === 'at once' || last.number <= (known?.last ?? 0),
    frames: () => unacknowledged,
    changes() {
      packed = { receiverId, last: unacknowledged.last.number }
      return changes(receiverId)
    },
    durable() {
      known = packed
    },
  }
}
