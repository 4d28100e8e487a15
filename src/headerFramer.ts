import { WallarxError, invalidOption, shown, type Where } from './errors.ts'
import type { Framer, HeaderFraming, OnFrame } from './framing.ts'
import { extend, firstCapacity } from './growingBuffer.ts'

/**
 * Frames that lie whole in a chunk are handed over in place. One that does not is gathered in a buffer of its own that grows
 * with the bytes that really come (not with what a header claims), so each byte is copied a bounded number of times.
 */
export function createHeaderFramer(framing: HeaderFraming, max: number, onFrame: OnFrame, where: Where): Framer {
  const headerLength = typeof framing.headerLength === 'function' ? framing.headerLength() : framing.headerLength
  if (!Number.isSafeInteger(headerLength) || headerLength < 0) {
    throw invalidOption('headerLength', 'a whole number of bytes', headerLength, where)
  }
  if (typeof framing.payloadLength !== 'function') {
    throw invalidOption('payloadLength', 'a function of the header', typeof framing.payloadLength, where)
  }
  const lengthAt =
    framing.payloadLengthAt ??
    ((bytes: Buffer, at: number) => framing.payloadLength(bytes.subarray(at, at + headerLength)))

  const least = Math.max(headerLength, 1) // bytes that must be there for a look at the next frame
  const header = Buffer.alloc(headerLength) // the start of a header whose end has not come yet
  let headerFill = 0
  let body: Buffer | undefined // the start of a payload whose end has not come yet
  let bodyFill = 0
  let bodyLength = 0
  let stopped = false
  let left = 0 // once stopped: bytes that were pushed and lie in no frame that was handed over

  const begun = (): number => (body === undefined ? headerFill : headerLength + bodyFill)

  const stop = (): void => {
    if (stopped) return
    left = begun()
    stopped = true
    body = undefined
  }

  /** The length the header at `bytes[at]` announces, once it is known to be acceptable. */
  const announced = (bytes: Buffer, at: number): number => {
    let length: number
    try {
      length = lengthAt(bytes, at)
    } catch (cause) {
      throw invalidHeader(bytes, at, shown(cause), cause)
    }
    if (length > max) {
      throw new WallarxError('FRAME_TOO_LONG', {
        expected: `a frame of at most ${max} bytes`,
        got: `a header that announces ${length} bytes`,
        where,
      })
    }
    const none = length === 0 && headerLength === 0 // frames of no byte at all would never end
    if (!Number.isInteger(length) || length < 0 || none) throw invalidHeader(bytes, at, `a length of ${String(length)}`)
    return length
  }

  const invalidHeader = (bytes: Buffer, at: number, got: string, cause?: unknown): WallarxError =>
    new WallarxError('FRAME_HEADER_INVALID', {
      expected: `a header from which a length can be read in ${shown(bytes.subarray(at, at + headerLength))}`,
      got,
      where,
      cause,
    })

  /** Completes the frame that earlier chunks began; says where in `chunk` the next one starts. */
  const completeBegun = (chunk: Buffer): number => {
    let at = 0
    if (body === undefined) {
      at = Math.min(headerLength - headerFill, chunk.length)
      chunk.copy(header, headerFill, 0, at)
      headerFill += at
      if (headerFill < headerLength) return at
      bodyLength = announced(header, 0)
      headerFill = 0
      if (bodyLength <= chunk.length - at) {
        onFrame(chunk, at, at + bodyLength)
        return at + bodyLength
      }
      body = Buffer.allocUnsafe(firstCapacity(bodyLength, chunk.length - at))
      bodyFill = 0
    }
    const taken = Math.min(bodyLength - bodyFill, chunk.length - at)
    body = extend(body, bodyFill, bodyFill + taken, bodyLength)
    chunk.copy(body, bodyFill, at, at + taken)
    bodyFill += taken
    if (bodyFill === bodyLength) {
      const whole = body
      body = undefined
      onFrame(whole, 0, bodyLength)
    }
    return at + taken
  }

  return {
    push(chunk) {
      if (stopped) return
      const end = chunk.length
      let at = -begun() // where the frame begins that is looked at
      try {
        at = at < 0 ? completeBegun(chunk) : 0
        while (!stopped && end - at >= least) {
          const length = announced(chunk, at)
          const from = at + headerLength
          const to = from + length
          if (to > end) {
            bodyLength = length
            body = Buffer.allocUnsafe(firstCapacity(length, end - from))
            bodyFill = chunk.copy(body, 0, from, end)
            return
          }
          at = to
          onFrame(chunk, from, to)
        }
      } catch (error) {
        stop()
        left = end - at
        throw error
      }
      if (stopped) left += end - at
      else if (at < end) headerFill = chunk.copy(header, 0, at, end)
    },
    end() {
      if (stopped || begun() === 0) return
      const [missing, of] =
        body === undefined
          ? [headerLength - headerFill, `a header of ${headerLength}`]
          : [bodyLength - bodyFill, `a frame of ${bodyLength}`]
      stop()
      throw new WallarxError('FRAME_CUT_OFF', {
        expected: `${missing} more bytes of ${of}`,
        got: 'the end of the stream',
        where,
      })
    },
    pending: () => (stopped ? left : begun()),
    stop,
  }
}
