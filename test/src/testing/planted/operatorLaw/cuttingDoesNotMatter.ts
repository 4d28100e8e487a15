import { defer, mergeMap, type Observable } from 'rxjs'
import { delimited, lengthPrefixed } from 'wallarx'
import { cuttingDoesNotMatter, framed } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

const frames = framed(undefined, lengthPrefixed(2))

/** A decoder of two-byte lengths over chunks, with the state of one subscription in `rest`. */
const decoding =
  (take: (rest: Buffer, chunk: Buffer, emit: (frame: Buffer) => void) => Buffer) =>
  (source: Observable<Buffer>): Observable<Buffer> =>
    defer(() => {
      let rest = Buffer.alloc(0)
      return source.pipe(
        mergeMap((chunk) => {
          const found: Buffer[] = []
          rest = Buffer.from(take(rest, chunk, (frame) => found.push(frame)))
          return found
        }),
      )
    })

function cutFrames(bytes: Buffer, emit: (frame: Buffer) => void): Buffer {
  while (bytes.length >= 2) {
    const end = 2 + bytes.readUInt16BE(0)
    if (bytes.length < end) break
    emit(bytes.subarray(2, end))
    bytes = bytes.subarray(end)
  }
  return bytes
}

const cutting: Planted[] = [
  {
    bug: 'a decoder that assumes whole chunks',
    operator: decoding((_rest, chunk, emit) => {
      cutFrames(chunk, emit)
      return Buffer.alloc(0)
    }),
  },
  {
    bug: 'a decoder that takes an empty chunk for a byte',
    operator: decoding((rest, chunk, emit) =>
      cutFrames(Buffer.concat([rest, chunk], rest.length + Math.max(chunk.length, 1)), emit),
    ),
  },
  {
    bug: 'a decoder that takes an empty chunk for the end',
    operator: decoding((rest, chunk, emit) =>
      chunk.length === 0 ? Buffer.alloc(0) : cutFrames(Buffer.concat([rest, chunk]), emit),
    ),
  },
  {
    bug: 'a decoder that forgets a header of which one byte has come',
    operator: decoding((rest, chunk, emit) => {
      const left = cutFrames(Buffer.concat([rest, chunk]), emit)
      return left.length === 1 ? Buffer.alloc(0) : left
    }),
  },
  {
    bug: 'a decoder that reads the memory behind a chunk',
    operator: decoding((rest, chunk, emit) => {
      const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      if (all.length < 2) return all
      const view = new DataView(all.buffer)
      const end = 2 + view.getUint16(0)
      if (all.length < end) return all
      emit(all.subarray(2, end))
      return cutFrames(all.subarray(end), emit)
    }),
  },
].map(({ bug, operator }) => ({
  law: 'cuttingDoesNotMatter',
  bug,
  check: (options) => cuttingDoesNotMatter(() => operator, { bytes: frames, ...options }),
}))

/** A line splitter that looks for a delimiter of two bytes in each chunk alone. */
const crlf: Planted = {
  law: 'cuttingDoesNotMatter',
  bug: 'a line splitter that misses a delimiter cut in two',
  check: (options) =>
    cuttingDoesNotMatter(
      () => (source) =>
        defer(() => {
          let line = ''
          return source.pipe(
            mergeMap((chunk) => {
              const lines = chunk.toString('latin1').split('\r\n')
              lines[0] = line + lines[0]!
              line = lines.pop()!
              return lines
            }),
          )
        }),
      { bytes: framed(undefined, delimited('\r\n')), ...options },
    ),
}

export const right: Planted = {
  law: 'cuttingDoesNotMatter',
  bug: 'a decoder of chunks',
  check: (options) =>
    cuttingDoesNotMatter(() => decoding((rest, chunk, emit) => cutFrames(Buffer.concat([rest, chunk]), emit)), {
      bytes: frames,
      ...options,
    }),
}

export const planted = [...cutting, crlf]
