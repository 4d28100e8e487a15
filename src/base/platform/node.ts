/* What differs between Node and a browser: Node's side. */

export { AsyncLocalStorage as CallStorage } from 'node:async_hooks'
export { ReadableStream, type WritableStream } from 'node:stream/web'

/** The bytes of a chunk or frame: a `Buffer` in Node, a `Uint8Array` in a browser. */
export type Bytes = Buffer

/** So many bytes, with anything in them. */
export const allocate = (length: number): Bytes => Buffer.allocUnsafe(length)

/** The same bytes, not a copy. */
export const asBytes = (bytes: Uint8Array): Bytes =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Text as UTF-8; halves of characters become U+FFFD. */
export const encodeText = (text: string): Bytes => Buffer.from(text, 'utf8')

/** How many bytes text takes as UTF-8. */
export const textLength = (text: string): number => Buffer.byteLength(text, 'utf8')

/** Writes text as UTF-8, where there is room for it. */
export function writeText(text: string, into: Bytes, at: number): void {
  into.write(text, at, 'utf8')
}

/** The text of `bytes[start, end)`: what is no UTF-8 becomes U+FFFD, and a byte order mark stays. */
export const decodeText = (bytes: Bytes, start: number, end: number): string => bytes.toString('utf8', start, end)

/** Where a byte, or some in a row, are found from `from` on; -1 where they are not. */
export const indexOf = (bytes: Bytes, sought: number | Uint8Array, from = 0): number => bytes.indexOf(sought, from)

/** Calls `work` when what runs now has returned, before any timer. */
export function afterThisTurn(work: () => void): void {
  process.nextTick(work)
}

/** The timer does not keep the process alive. */
export function unref(timer: ReturnType<typeof setTimeout>): typeof timer {
  return timer.unref()
}

/** Tells whoever runs the program. */
export function warn(event: string): void {
  process.emitWarning(event, 'WallarxWarning')
}
