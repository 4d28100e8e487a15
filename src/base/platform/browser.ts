/* What differs between Node and a browser: a browser's side, with the web's standard library. Each is as in node.ts. */

/**
 * Knows the calls that are on the stack. What a timer or a promise calls later is outside: the web has nothing yet that
 * a value goes along with.
 */
export class CallStorage<Store> {
  #store: Store | undefined

  getStore(): Store | undefined {
    return this.#store
  }

  run<Args extends unknown[], Result>(store: Store, work: (...args: Args) => Result, ...args: Args): Result {
    const outer = this.#store
    this.#store = store
    try {
      return work(...args)
    } finally {
      this.#store = outer
    }
  }
}

const ReadableStream: typeof globalThis.ReadableStream = globalThis.ReadableStream // as it is written, for its type
type ReadableStream<Chunk> = globalThis.ReadableStream<Chunk>
type WritableStream<Chunk> = globalThis.WritableStream<Chunk>
export { ReadableStream, type WritableStream }

export type Bytes = Uint8Array

export const allocate = (length: number): Bytes => new Uint8Array(length)

export const asBytes = (bytes: Uint8Array): Bytes => bytes

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export const encodeText = (text: string): Bytes => encoder.encode(text)

export const textLength = (text: string): number => encoder.encode(text).length

export function writeText(text: string, into: Bytes, at: number): void {
  encoder.encodeInto(text, into.subarray(at))
}

export const decodeText = (bytes: Bytes, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end))

export function indexOf(bytes: Bytes, sought: number | Uint8Array, from = 0): number {
  if (typeof sought === 'number') return bytes.indexOf(sought, from)
  const last = bytes.length - sought.length
  for (let at = from; (at = bytes.indexOf(sought[0]!, at)) >= 0 && at <= last; at++) {
    if (sought.every((byte, n) => bytes[at + n] === byte)) return at
  }
  return -1
}

export function afterThisTurn(work: () => void): void {
  queueMicrotask(work)
}

export function unref(timer: ReturnType<typeof setTimeout>): typeof timer {
  return timer
}

export function warn(event: string): void {
  console.warn(`WallarxWarning: ${event}`) // eslint-disable-line no-console -- a page has no other place for it
}
