import { isUtf8 } from 'node:buffer'
import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'

/** Messages of one turn of the event loop, which are confirmed together. */
export interface MessageBatch {
  /** From 1, one more for each batch. */
  readonly number: number
  readonly messages: readonly (Buffer | string)[]
  /** With what a frame has besides its message, so that an empty one counts. */
  readonly bytes: number
}

/** Gathers messages to batches. */
export interface MessageBatches {
  /** Throws `ENCODE_FAILED` for bytes that are no text, where text is wanted. */
  write(message: Uint8Array | string): void
  /** Hands over what is gathered, now. */
  flush(): void
  /** Forgets what is gathered. */
  discard(): void
}

const flushAt = 32 * 1024
/** Bytes of a short frame of a client, without its message. */
const frameHeader = 6

/** Calls `take` when 32 KiB are gathered and at the end of the present turn. */
export function createMessageBatches(
  type: 'text' | 'binary',
  sink: string,
  take: (batch: MessageBatch) => void,
): MessageBatches {
  let messages: (Buffer | string)[] = []
  let bytes = 0
  let number = 0
  let scheduled = false

  const flush = (): void => {
    if (messages.length === 0) return
    const batch = { number: ++number, messages, bytes }
    messages = []
    bytes = 0
    take(batch)
  }
  const flushAtEndOfTurn = (): void => {
    scheduled = false
    flush()
  }
  const add = (message: Buffer | string, length: number): void => {
    messages.push(message)
    bytes += length + frameHeader
    if (bytes >= flushAt) flush()
    else if (!scheduled) {
      scheduled = true
      process.nextTick(flushAtEndOfTurn)
    }
  }

  return {
    write(message) {
      if (typeof message === 'string') {
        if (type === 'text') add(message, Buffer.byteLength(message))
        else add(Buffer.from(message), Buffer.byteLength(message))
        return
      }
      if (type === 'text' && !isUtf8(message)) {
        throw new WallarxError('ENCODE_FAILED', {
          expected: "text in UTF-8 (or type: 'binary')",
          got: shown(message),
          where: { sink },
        })
      }
      add(Buffer.from(message), message.length)
    },
    flush,
    discard() {
      messages = []
      bytes = 0
    },
  }
}
