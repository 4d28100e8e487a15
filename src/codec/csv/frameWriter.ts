import { allocate, writeText, type Bytes } from '#platform'
import { frameStart } from './framing.ts'

const newline = 0x0a
/** So many bytes of frames are allocated at once. */
const batchLength = 16 * 1024

/** Hands over the row in `bytes[start, end)`, in a frame of its own (`framing.ts`). */
export type WriteFrame = (line: number, header: Bytes, bytes: Bytes, start: number, end: number) => void

/** Writes frames one behind the other, so that memory is not asked for each. `from`: as `frameStart` takes it. */
export function createFrameWriter(
  from: number,
  onFrame: (bytes: Bytes, start: number, end: number) => void,
): WriteFrame {
  let batch = allocate(0)
  let used = 0
  return (line, header, bytes, start, end) => {
    const place = frameStart(line, from)
    const length = place.length + header.length + 1 + end - start
    if (batch.length - used < length) {
      batch = allocate(Math.max(batchLength, length))
      used = 0
    }
    const at = used
    writeText(place, batch, used)
    used += place.length
    batch.set(header, used)
    used += header.length
    batch[used++] = newline
    batch.set(bytes.subarray(start, end), used)
    used += end - start
    onFrame(batch, at, used)
  }
}
