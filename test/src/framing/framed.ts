import fc from 'fast-check'
import type { Framing } from '../../../src/framing/framing.ts'
import { createFramer } from '../../../src/framing/framer.ts'

export const bytesOf = (...bytes: number[]): Buffer => Buffer.from(bytes)

/** Any cut of a stream into chunks, empty ones and those of one byte among them. */
export const chunksOf = (stream: Buffer): fc.Arbitrary<Buffer[]> =>
  fc.array(fc.nat(stream.length), { maxLength: 2 * stream.length + 2, size: 'max' }).map((places) => {
    const borders = [0, ...places.sort((a, b) => a - b), stream.length]
    return borders.slice(1).map((border, at) => stream.subarray(borders[at], border))
  })

/** What a framer gives for chunks: its frames, copied at the end, and the code of what it threw. */
export function framesOf(
  framing: Framing,
  chunks: Iterable<Buffer>,
  maxFrameLength?: number,
): { frames: string[]; error: unknown } {
  const frames: Buffer[] = []
  const framer = createFramer({
    framing,
    maxFrameLength,
    onFrame: (bytes, start, end) => frames.push(bytes.subarray(start, end)),
  })
  let error: unknown
  try {
    for (const chunk of chunks) framer.push(chunk)
    framer.end()
  } catch (thrown) {
    error = thrown
  }
  return { frames: frames.map((frame) => frame.toString('latin1')), error }
}

/** Every byte of a stream as a chunk of its own. */
export const byteByByte = (stream: Buffer): Buffer[] => [...stream].map((byte) => bytesOf(byte))

/** How many bytes `work` copied, allocated and searched by means of Buffer. */
export function counted(work: () => void): { copied: number; allocated: number; searched: number } {
  const counts = { copied: 0, allocated: 0, searched: 0 }
  const { copy, indexOf } = Buffer.prototype as Buffer
  const { allocUnsafe, alloc } = Buffer
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<Buffer['copy']>): number {
    const copied = copy.apply(this, args)
    counts.copied += copied
    return copied
  }
  Buffer.prototype.indexOf = function (this: Buffer, ...args: Parameters<Buffer['indexOf']>): number {
    const from = typeof args[1] === 'number' ? args[1] : 0
    const found = indexOf.apply(this, args)
    counts.searched += (found < 0 ? this.length : found) - from
    return found
  } as Buffer['indexOf']
  Buffer.allocUnsafe = (size) => {
    counts.allocated += size
    return allocUnsafe(size)
  }
  Buffer.alloc = (size: number) => {
    counts.allocated += size
    return alloc(size)
  }
  try {
    work()
  } finally {
    Object.assign(Buffer.prototype, { copy, indexOf })
    Object.assign(Buffer, { allocUnsafe, alloc })
  }
  return counts
}
