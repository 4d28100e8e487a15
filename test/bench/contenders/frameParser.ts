const maxFrameLength = 1024 * 1024

/** What to do with one frame: `bytes[start, end)`. */
export type HandleFrame = (bytes: Buffer, start: number, end: number) => void

/**
 * The parser of a hand-written program: frames preceded by their length in 4 bytes, read in place where they lie whole
 * in a chunk, with what is left of a chunk carried over in front of the next one.
 */
export function createFrameParser(handle: HandleFrame): (chunk: Buffer) => void {
  let rest: Buffer | undefined // the start of a frame whose end has not come yet
  return (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    const end = bytes.length
    let at = 0
    while (end - at >= 4) {
      const length = bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
      if (length > maxFrameLength) throw new Error(`frame of ${length} bytes`)
      const start = at + 4
      if (end - start < length) break
      at = start + length
      handle(bytes, start, at)
    }
    rest = at < end ? bytes.subarray(at) : undefined
  }
}
