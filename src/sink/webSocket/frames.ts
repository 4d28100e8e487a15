import { isUtf8 } from 'node:buffer'
import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'

/** Makes frames of messages, as a server sends them: the same bytes for all its clients. */
export interface FrameBatches {
  /** Says how long the message is. Throws `ENCODE_FAILED` for bytes that are no text, where text is wanted. */
  write(message: Uint8Array | string): number
  /** Hands over what is gathered, now. */
  flush(): void
  /** Forgets what is gathered. */
  discard(): void
}

const flushAt = 32 * 1024
/** The first byte of a frame that is a message as a whole (RFC 6455, 5.2). */
const firstByte = { text: 0x81, binary: 0x82 } as const

/**
 * Calls `take` with whole frames, which are not changed any more, when 32 KiB are gathered and at the end of the
 * present turn.
 *
 *   frame := first length message     `first` as above; not masked
 *   length := u8, up to 125 | 126 u16 | 127 u64      big-endian
 */
export function createFrameBatches(
  type: 'text' | 'binary',
  sink: string,
  take: (frames: Buffer) => void,
): FrameBatches {
  let slab = Buffer.alloc(0)
  let start = 0 // what is gathered is from here to `fill`
  let fill = 0
  let scheduled = false

  const flush = (): void => {
    if (start === fill) return
    const frames = slab.subarray(start, fill)
    start = fill
    take(frames)
  }
  const flushAtEndOfTurn = (): void => {
    scheduled = false
    flush()
  }
  const roomFor = (length: number): Buffer => {
    if (slab.length - fill >= length) return slab
    flush()
    slab = Buffer.allocUnsafeSlow(Math.max(length, 2 * flushAt))
    start = fill = 0
    return slab
  }

  return {
    write(message) {
      const isText = typeof message === 'string'
      if (!isText && type === 'text' && !isUtf8(message)) {
        throw new WallarxError('ENCODE_FAILED', {
          expected: "text in UTF-8 (or type: 'binary')",
          got: shown(message),
          where: { sink },
        })
      }
      const length = isText ? Buffer.byteLength(message) : message.length
      const headerLength = length < 126 ? 2 : length < 0x1_0000 ? 4 : 10
      const frames = roomFor(headerLength + length)
      frames[fill] = firstByte[type]
      if (headerLength === 2) frames[fill + 1] = length
      else if (headerLength === 4) {
        frames[fill + 1] = 126
        frames.writeUInt16BE(length, fill + 2)
      } else {
        frames[fill + 1] = 127
        frames.writeUIntBE(0, fill + 2, 2)
        frames.writeUIntBE(length, fill + 4, 6)
      }
      fill += headerLength
      if (isText) frames.write(message, fill)
      else frames.set(message, fill)
      fill += length
      if (fill - start >= flushAt) flush()
      else if (!scheduled) {
        scheduled = true
        process.nextTick(flushAtEndOfTurn)
      }
      return length
    },
    flush,
    discard() {
      start = fill
    },
  }
}
