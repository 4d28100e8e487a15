import { frameHeaderLength, frameOverhead, messageType } from '../../acknowledged/wire.ts'

/** Numbers messages and gathers them as frames; the frames of one turn of the event loop are handed over together. */
export interface FrameBatch {
  write(message: Uint8Array | string): void
  /** Hands over what is gathered, now. */
  flush(): void
  /** Forgets what is gathered. */
  discard(): void
}

const flushAt = 32 * 1024
const slabLength = 4 * flushAt
/** A string longer than this is measured before it is written. */
const longText = 1024
const two32 = 2 ** 32

/**
 * `last`: the number of the last frame before these. Calls `take` with whole frames, which stay as they are, and the
 * number of the last one. Frames lie behind those before them, so that a small batch costs no slab of its own.
 */
export function createFrameBatch(last: number, take: (frames: Buffer, last: number) => void): FrameBatch {
  let high = Math.floor(last / two32)
  let low = last % two32
  let slab: Buffer = Buffer.alloc(0)
  let from = 0
  let fill = 0
  let scheduled = false

  const flush = (): void => {
    if (fill === from) return
    const frames = slab.subarray(from, fill)
    from = fill
    take(frames, high * two32 + low)
  }
  const flushAtEndOfTurn = (): void => {
    scheduled = false
    flush()
  }
  const makeRoom = (needed: number): void => {
    if (needed <= slab.length - fill) return
    flush()
    slab = Buffer.allocUnsafeSlow(Math.max(slabLength, needed))
    from = fill = 0
  }

  return {
    write(message) {
      const isText = typeof message === 'string'
      const isLong = isText && message.length > longText
      makeRoom(frameHeaderLength + (isLong ? Buffer.byteLength(message) : (isText ? 3 : 1) * message.length))
      low++
      if (low === two32) {
        low = 0
        high++
      }
      const at = fill + frameHeaderLength
      let length = message.length
      if (isText) length = slab.write(message, at)
      else slab.set(message, at)
      slab.writeUInt32BE(length + frameOverhead, fill)
      slab[fill + 4] = messageType.frame
      slab.writeUInt32BE(high, fill + 5)
      slab.writeUInt32BE(low, fill + 9)
      fill = at + length
      if (fill - from >= flushAt) {
        flush()
      } else if (!scheduled) {
        scheduled = true
        process.nextTick(flushAtEndOfTurn)
      }
    },
    flush,
    discard() {
      from = fill
    },
  }
}
