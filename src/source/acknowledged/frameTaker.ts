import { crc32, crc32OfUInt32 } from '../../base/crc32.ts'
import { WallarxError } from '../../base/errors.ts'
import { frameHeaderLength, frameOverhead, type Mark } from '../../acknowledged/wire.ts'
import type { OnFrame } from '../../step/output.ts'
import type { ReceivedStream } from './streams.ts'

/** Takes the frames of one connection: those that are new go on, those that the stream has are compared. */
export interface FrameTaker {
  /** The frame's message is `bytes[start, end)`, without its length, which lies before it where there is room. */
  readonly take: OnFrame
  /** To be called when a chunk is at its end: the stream's checksum is that of all that was taken, then. */
  readonly settle: () => void
}

const two32 = 2 ** 32
const lengthBytes = frameHeaderLength - frameOverhead

/** The first frame is the one behind `durable`. Throws `STREAM_GAP` and `STREAM_REPLAY_DIFFERS`. */
export function createFrameTaker(stream: ReceivedStream, { number, checksum }: Mark, emit: OnFrame): FrameTaker {
  let high = Math.floor((number + 1) / two32) // of the number that is next
  let low = (number + 1) % two32
  let has = stream.number - number // so many come that the stream has
  // Frames in a row, whose checksum is taken at once.
  let run: Buffer | undefined
  let runStart = 0
  let runEnd = 0

  const endRun = (): void => {
    if (run === undefined) return
    checksum = crc32(run, runStart, runEnd, checksum)
    run = undefined
  }
  const pass = (bytes: Buffer, start: number, end: number): void => {
    if (start < lengthBytes) {
      // It was gathered from several chunks, and its length is not with it.
      endRun()
      checksum = crc32(bytes, start, end, crc32OfUInt32(end - start, checksum))
    } else if (run === bytes && runEnd === start - lengthBytes) {
      runEnd = end
    } else {
      endRun()
      run = bytes
      runStart = start - lengthBytes
      runEnd = end
    }
  }
  const compare = (): void => {
    endRun()
    if (checksum === stream.checksum) return
    has = NaN // what comes here is not the stream's, and its checksum neither
    throw new WallarxError('STREAM_REPLAY_DIFFERS', {
      expected: `frames of stream ${stream.name} up to number ${stream.number} that are those which came before`,
      got:
        'others: after a crash the sender has not made the same again. Its pipeline needs ' +
        "send: 'after checkpoint'; give the stream another name (option stream)",
    })
  }

  return {
    take(bytes, start, end) {
      if (end - start < frameOverhead || u32(bytes, start + 5) !== low || u32(bytes, start + 1) !== high) {
        throw gap(stream.name, high * two32 + low, bytes, start, end)
      }
      low++
      if (low === two32) {
        low = 0
        high++
      }
      pass(bytes, start, end)
      if (has > 0) {
        has--
        if (has === 0) compare()
        return
      }
      stream.number++
      emit(bytes, start + frameOverhead, end)
    },
    settle() {
      endRun()
      if (has === 0) stream.checksum = checksum
    },
  }
}

/** Twice as fast as `readUInt32BE`, which checks. */
export function u32(bytes: Buffer, at: number): number {
  return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
}

function gap(name: string, expected: number, bytes: Buffer, start: number, end: number): WallarxError {
  const got =
    end - start < frameOverhead
      ? `a message of ${end - start} bytes`
      : `number ${u32(bytes, start + 1) * two32 + u32(bytes, start + 5)}`
  return new WallarxError('STREAM_GAP', {
    expected: `frame ${expected} of stream ${name}, the next one`,
    got: `${got}: a fault of the sender, nothing is taken from it; mend it and connect again`,
  })
}
