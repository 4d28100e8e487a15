import type { Bytes } from '#platform'

/** U+FEFF in UTF-8: what some put at the start of a text. */
export const byteOrderMark = [0xef, 0xbb, 0xbf] as const

/** Where the text in `bytes[start, end)` begins: behind a byte order mark that is whole. */
export function behindMark(bytes: Bytes, start: number, end: number): number {
  return markBegun(bytes, start, end) === byteOrderMark.length ? start + byteOrderMark.length : start
}

/** How many bytes of a mark stand at the start of `bytes[start, end)`, if they are a whole one or nothing else does. */
export function markBegun(bytes: Bytes, start: number, end: number): number {
  const length = Math.min(byteOrderMark.length, end - start)
  for (let at = 0; at < length; at++) {
    if (bytes[start + at] !== byteOrderMark[at]) return 0
  }
  return length
}
