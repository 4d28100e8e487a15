import { allocate, indexOf, type Bytes } from '#platform'
import { WallarxError, type Where } from '../base/errors.ts'
import { invalidOption } from '../base/option.ts'
import type { DelimitedFraming, Framer } from './framing.ts'
import type { OnFrame } from '../step/output.ts'
import { behindMark, markBegun } from '../codec/byteOrderMark.ts'
import { copyBytes, extend, firstCapacity } from './growingBuffer.ts'

const carriageReturn = 0x0d
const none = allocate(0)

/**
 * Frames that lie whole in a chunk are handed over in place; one that does not is gathered in a growing buffer.
 *
 * `begins`: the first chunk is the start of the stream.
 */
export function createDelimitedFramer(
  framing: DelimitedFraming,
  max: number,
  begins: boolean,
  onFrame: OnFrame,
  where: Where,
): Framer {
  const { delimiter, unterminated, text = false } = framing
  if (!(delimiter instanceof Uint8Array) || delimiter.length === 0) {
    throw invalidOption('delimiter', 'at least one byte', delimiter, where)
  }
  const width = delimiter.length
  const sought = width === 1 ? delimiter[0]! : delimiter // a number is found faster than an array of one
  let isFirst = text && begins // a byte order mark may stand before the next frame
  // A frame whose delimiter has not come yet; the first one of a text is always taken for one.
  let begun: Bytes | undefined = isFirst ? none : undefined
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

  /** Of `bytes[start, end)`, in which no delimiter has come yet: what of its end may be one does not count. */
  const checkBegun = (bytes: Bytes, start: number, end: number): void => {
    let length = end - start - width + 1
    if (text) {
      if (isFirst) length -= markBegun(bytes, start, end)
      if (length > 0 && bytes[end - 1] === carriageReturn) length--
    }
    checkLength(length)
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
    const delimiterAt = indexOf(gathered.subarray(0, fill), sought, searched)
    if (delimiterAt < 0) {
      checkBegun(gathered, 0, fill)
      return chunk.length
    }
    const start = isFirst ? behindMark(gathered, 0, delimiterAt) : 0
    const end = text ? endOf(gathered, start, delimiterAt) : delimiterAt
    checkLength(end - start)
    isFirst = false
    begun = undefined
    fill = 0
    onFrame(gathered, start, end)
    return delimiterAt + width - before
  }

  return {
    push(chunk) {
      if (stopped) return
      let at = -fill // where the frame begins that is looked at
      try {
        at = begun === undefined ? 0 : completeBegun(begun, chunk)
        while (!stopped && at < chunk.length) {
          const delimiterAt = indexOf(chunk, sought, at)
          if (delimiterAt < 0) {
            checkBegun(chunk, at, chunk.length)
            begun = allocate(firstCapacity(Infinity, chunk.length - at))
            fill = copyBytes(chunk, begun, 0, at, chunk.length)
            return
          }
          const end = text ? endOf(chunk, at, delimiterAt) : delimiterAt
          checkLength(end - at)
          const start = at
          at = delimiterAt + width
          onFrame(chunk, start, end)
        }
      } catch (error) {
        stop()
        left = chunk.length - at
        throw error
      }
      if (stopped) left += chunk.length - at
    },
    end() {
      if (stopped || begun === undefined || fill === 0) return
      const last = begun.subarray(0, fill)
      const start = isFirst ? behindMark(last, 0, fill) : 0
      stop()
      if (unterminated === 'frame' || start === last.length) {
        checkLength(last.length - start)
        left = 0
        if (last.length > start) onFrame(last, start, last.length)
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

/** Where the line ends behind which a newline stands at `end`. */
const endOf = (bytes: Bytes, start: number, end: number): number =>
  end > start && bytes[end - 1] === carriageReturn ? end - 1 : end

/** How many bytes of the delimiter stand at the end of `bytes`. */
function delimiterBegun(bytes: Bytes, delimiter: Uint8Array): number {
  for (let length = delimiter.length - 1; length > 0; length--) {
    const from = bytes.length - length
    if (from >= 0 && indexOf(bytes, delimiter.subarray(0, length), from) === from) return length
  }
  return 0
}
