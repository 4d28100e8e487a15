import { allocate, type Bytes } from '#platform'
import { WallarxError, type Where } from '../base/errors.ts'
import type { Framer, HeaderFraming } from './framing.ts'
import type { OnFrame } from '../step/output.ts'
import { copyBytes, extend, firstCapacity } from './growingBuffer.ts'
import { createHeaderReader } from './headerReader.ts'

/**
 * Frames that lie whole in a chunk are handed over in place. One that does not is gathered in a buffer of its own that
 * grows with the bytes that really come (not with what a header claims), so each byte is copied a bounded number of
 * times.
 */
export function createHeaderFramer(framing: HeaderFraming, max: number, onFrame: OnFrame, where: Where): Framer {
  const { headerLength, announced } = createHeaderReader(framing, max, where)
  const least = Math.max(headerLength, 1) // bytes that must be there for a look at the next frame
  const header = allocate(headerLength) // the start of a header whose end has not come yet
  let headerFill = 0
  let body: Bytes | undefined // the start of a payload whose end has not come yet
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

  /** Completes the frame that earlier chunks began; says where in `chunk` the next one starts. */
  const completeBegun = (chunk: Bytes): number => {
    let at = 0
    if (body === undefined) {
      at = Math.min(headerLength - headerFill, chunk.length)
      copyBytes(chunk, header, headerFill, 0, at)
      headerFill += at
      if (headerFill < headerLength) return at
      bodyLength = announced(header, 0)
      headerFill = 0
      if (bodyLength <= chunk.length - at) {
        onFrame(chunk, at, at + bodyLength)
        return at + bodyLength
      }
      body = allocate(firstCapacity(bodyLength, chunk.length - at))
      bodyFill = 0
    }
    const taken = Math.min(bodyLength - bodyFill, chunk.length - at)
    body = extend(body, bodyFill, bodyFill + taken, bodyLength)
    copyBytes(chunk, body, bodyFill, at, at + taken)
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
            body = allocate(firstCapacity(length, end - from))
            bodyFill = copyBytes(chunk, body, 0, from, end)
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
      else if (at < end) headerFill = copyBytes(chunk, header, 0, at, end)
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
