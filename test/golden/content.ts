/** What the golden files hold. It stays as it is: they were written with it. */
import type { Change } from '../../src/store/store.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const put = (key: string | Buffer, value: string | Buffer): Change => ({
  key: Buffer.from(key as Buffer),
  value: Buffer.from(value as Buffer),
})
const remove = (key: string): Change => ({ key: bytes(key), value: undefined })

/** Bytes that are all different from those beside them. */
const pattern = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) & 0xff))

/** The commits of both stores, in order. */
export const commits: readonly (readonly Change[])[] = [
  [put('a', '1'), put('b', '1'), put('empty', ''), put('é – ü', 'text of more bytes than characters: ‰')],
  [put('a', '2'), remove('b'), remove('never there')],
  [
    put(Buffer.from([0]), Buffer.from([0])),
    put(Buffer.from([0xff, 0xff]), Buffer.alloc(300, 0xff)),
    put(pattern(1900), 'of the longest key'),
    put('long', pattern(5000)),
  ],
]

/** What they leave, in order. */
export const entries: readonly (readonly [key: Buffer, value: Buffer])[] = [
  [Buffer.from([0]), Buffer.from([0])],
  [pattern(1900), bytes('of the longest key')],
  [bytes('a'), bytes('2')],
  [bytes('empty'), bytes('')],
  [bytes('long'), pattern(5000)],
  [bytes('é – ü'), bytes('text of more bytes than characters: ‰')],
  [Buffer.from([0xff, 0xff]), Buffer.alloc(300, 0xff)],
]

/** The batches of the journal, one write each; with `segmentLength` the last one is in a segment of its own. */
export const batches: readonly (readonly Buffer[])[] = [
  [bytes('first'), bytes(''), bytes('third')],
  [pattern(300)],
  [bytes('é'), Buffer.from([0, 0xff])],
]
export const segmentLength = 350
