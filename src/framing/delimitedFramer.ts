import { allocate, indexOf, type Bytes } from '#platform'
import { WallarxError, type Where } from '../base/errors.ts'
import { invalidOption } from '../base/option.ts'
import type { DelimitedFraming, Framer } from './framing.ts'
import type { OnFrame } from '../step/output.ts'
import { copyBytes, extend, firstCapacity } from './growingBuffer.ts'

/** Frames that lie whole in a chunk are handed over in place; one that does not is gathered in a growing buffer. */
export function createDelimitedFramer(framing: DelimitedFraming, max: number, onFrame: OnFrame, where: Where): Framer {
  const { delimiter, unterminated } = framing
  if (!(delimiter instanceof Uint8Array) || delimiter.length === 0) {
    throw invalidOption('delimiter', 'at least one byte', delimiter, where)
  }
  const width = delimiter.length
  const sought = width === 1 ? delimiter[0]! : delimiter // a number is found faster than an array of one
  let begun: Bytes | undefined // a frame whose delimiter has not come yet
  let fill = 0
  let stopped = false
  let left = 0 // once stopped: bytes that were pushed and lie in no frame that was handed over

  const stop = (): void => {
    if (stopped) return
    left = fill
    stopped = true
    begun = undefined
  }

  const checkLength = (length: number): void => {
    if (length <= max) return
    throw new WallarxError('FRAME_TOO_LONG', {
      expected: `a delimiter after at most ${max} bytes`,
      got: `${length} bytes without one`,
      where,
    })
  }

  /** Adds `chunk[0, taken)` to the begun frame, and completes it if the delimiter is there; says where to read on. */
  const completeBegun = (gathered: Bytes, chunk: Bytes): number => {
    const found = indexOf(chunk, sought)
    const taken = found < 0 ? chunk.length : found + width
    const searched = Math.max(0, fill - width + 1) // the delimiter may have begun in an earlier chunk
    const before = fill
    gathered = extend(gathered, fill, fill + taken, Infinity)
    fill += copyBytes(chunk, gathered, fill, 0, taken)
    begun = gathered
    const end = indexOf(gathered.subarray(0, fill), sought, searched)
    if (end < 0) {
      checkLength(fill - width + 1)
      return chunk.length
    }
    checkLength(end)
    begun = undefined
    fill = 0
    onFrame(gathered, 0, end)
    return end + width - before
  }

  return {
    push(chunk) {
      if (stopped) return
      let at = -fill // where the frame begins that is looked at
      try {
        at = begun === undefined ? 0 : completeBegun(begun, chunk)
        while (!stopped && at < chunk.length) {
          const end = indexOf(chunk, sought, at)
          if (end < 0) {
            const rest = chunk.length - at
            checkLength(rest - width + 1)
            begun = allocate(firstCapacity(Infinity, rest))
            fill = copyBytes(chunk, begun, 0, at, chunk.length)
            return
          }
          checkLength(end - at)
          const from = at
          at = end + width
          onFrame(chunk, from, end)
        }
      } catch (error) {
        stop()
        left = chunk.length - at
        throw error
      }
      if (stopped) left += chunk.length - at
    },
    end() {
      if (stopped || begun === undefined) return
      const last = begun.subarray(0, fill)
      stop()
      if (unterminated === 'frame') {
        checkLength(last.length)
        left = 0
        onFrame(last, 0, last.length)
        return
      }
      const missing = width - delimiterBegun(last, delimiter)
      const bytes = `${missing} more ${missing === 1 ? 'byte' : 'bytes'}`
      throw new WallarxError('FRAME_CUT_OFF', {
        expected: `at least ${bytes}${missing === width ? ', the' : ' of the'} delimiter`,
        got: `the end of the stream after ${last.length} bytes of a frame`,
        where,
      })
    },
    pending: () => (stopped ? left : fill),
    stop,
  }
}

/** How many bytes of the delimiter stand at the end of `bytes`. */
function delimiterBegun(bytes: Bytes, delimiter: Uint8Array): number {
  for (let length = delimiter.length - 1; length > 0; length--) {
    const from = bytes.length - length
    if (from >= 0 && indexOf(bytes, delimiter.subarray(0, length), from) === from) return length
  }
  return 0
}
