import { afterThisTurn, allocate, encodeText, type Bytes } from '#platform'

/** Gathers small writes of one turn of the event loop into few large buffers. */
export interface ByteBatch {
  write(bytes: Uint8Array | string): void
  /** Hands over what is gathered, now. */
  flush(): void
  /** Forgets what is gathered. */
  discard(): void
}

const flushAt = 32 * 1024

/**
 * Calls `take` with a buffer of its own, in order, when 32 KiB are gathered and at the end of the present turn.
 *
 * Text is gathered as a string, because appending to V8's ropes and encoding once costs less than half of encoding each
 * piece (40 ns against 65 to 95 ns for pieces of 15 characters, writing into a buffer).
 */
export function createByteBatch(take: (bytes: Bytes) => void): ByteBatch {
  let text = ''
  let slab: Bytes | undefined // bytes written before `text`
  let fill = 0
  let scheduled = false

  const flush = (): void => {
    if (slab !== undefined) {
      const bytes = slab.subarray(0, fill)
      slab = undefined
      fill = 0
      take(bytes)
    }
    if (text !== '') {
      const bytes = encodeText(text)
      text = ''
      take(bytes)
    }
  }

  const flushAtEndOfTurn = (): void => {
    scheduled = false
    flush()
  }

  const appendBytes = (bytes: Uint8Array): void => {
    if (text !== '') flush()
    if (bytes.length >= flushAt) {
      flush()
      const copy = allocate(bytes.length)
      copy.set(bytes)
      take(copy)
      return
    }
    slab ??= allocate(2 * flushAt)
    slab.set(bytes, fill)
    fill += bytes.length
  }

  return {
    write(bytes) {
      if (typeof bytes === 'string') text += bytes
      else appendBytes(bytes)
      if (text.length >= flushAt || fill >= flushAt) {
        flush()
      } else if (!scheduled) {
        scheduled = true
        afterThisTurn(flushAtEndOfTurn)
      }
    },
    flush,
    discard() {
      text = ''
      slab = undefined
      fill = 0
    },
  }
}
