/* An application that a bundler makes a page of. It gives lines, and the same ones in Node. */

import { concat, from, lastValueFrom, of, retry, tap, timer, toArray, type Observable } from 'rxjs'
import {
  delimited,
  fixedLength,
  framed,
  fromAsyncIterable,
  fromObservable,
  fromWebStream,
  hashKey,
  hashOf,
  lengthPrefixed,
  observerSink,
  StateMap,
  statePartition,
  toAsyncIterable,
  toWebStream,
  tumbling,
  utf8,
  webStreamSink,
  windowed,
  type Framing,
} from 'wallarx'
import { fromNativeObservable, toNativeObservable, type NativeObservable } from 'wallarx/native'
import {
  decode,
  encode,
  eventTime,
  frame,
  to,
  toMulti,
  toSink,
  toState,
  toStatePartition,
  toWindows,
} from 'wallarx/operators'

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

const all = <Message>(messages: Observable<Message>): Promise<Message[]> => lastValueFrom(messages.pipe(toArray()))

const asItIs = (bytes: Uint8Array): Uint8Array => bytes

/** What it gives, and how it ends. */
async function seen(messages: Observable<string | Uint8Array>): Promise<string> {
  const given: string[] = []
  const noted = tap((one: string | Uint8Array) => given.push(typeof one === 'string' ? JSON.stringify(one) : hex(one)))
  try {
    await lastValueFrom(messages.pipe(noted), { defaultValue: undefined })
  } catch (error) {
    given.push(String(error))
  }
  return given.join(' ')
}

/** Numbers that look random, the same everywhere (xorshift32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function cut(bytes: Uint8Array, random: (below: number) => number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) chunks.push(bytes.subarray(at, (at += 1 + random(7))))
  return chunks
}

const wordTotals = () =>
  statePartition('totals', {
    key: hashOf((word: string) => word),
    build: () => ({ counts: new StateMap<string, number>() }),
  })

/** From bytes to bytes, in chunks of any length. */
function wordCount(): Promise<string> {
  const text = new TextEncoder().encode('the quick brown fox\nthe lazy dog\nthe grüße 🦊 fox\n')
  return seen(
    from(cut(text, randomNumbers(7))).pipe(
      frame(delimited()),
      decode(utf8),
      toMulti((line) => line.split(' ')),
      to((word) => (word === 'lazy' ? undefined : word.toUpperCase())),
      toStatePartition((word, { counts }) => {
        const count = (counts.get(word) ?? 0) + 1
        counts.set(word, count)
        return [`${word} => ${count}\n`, true]
      }, wordTotals()),
      encode((line) => line),
    ),
  )
}

/** Framings of awkward bytes, right ones and wrong ones. */
async function framings(): Promise<string[]> {
  const kinds: Framing[] = [
    delimited(),
    delimited('aba', { unterminated: 'frame' }),
    delimited(new Uint8Array([97, 97])),
    lengthPrefixed(1),
    lengthPrefixed(2, { endian: 'little' }),
    lengthPrefixed(8),
    fixedLength(3),
  ]
  const lines: string[] = []
  for (const [n, framing] of kinds.entries()) {
    const random = randomNumbers(n + 1)
    for (let round = 0; round < 40; round++) {
      const awkward = () => [0, 0, 1, 3, 10, 97, 97, 98, 97][random(9)]!
      const bytes = Uint8Array.from({ length: random(40) }, awkward)
      lines.push(await seen(from(cut(bytes, random)).pipe(frame(framing, { maxFrameLength: 20 }))))
    }
  }
  return lines
}

/** UTF-8 that is none, halves of characters, byte order marks. */
async function texts(): Promise<string[]> {
  const random = randomNumbers(99)
  const bytes = () => [0xef, 0xbb, 0xbf, 0xc3, 0xa9, 0xe2, 0x82, 0xf0, 0x9f, 0xa6, 0x8a, 0xff, 0x41][random(13)]!
  const units = () => [0x41, 0xe9, 0x20ac, 0xd83e, 0xdd8a, 0xfeff, 0xd800, 0xdfff][random(8)]!
  const lines: string[] = []
  for (let round = 0; round < 300; round++) {
    lines.push(await seen(of(Uint8Array.from({ length: random(12) }, bytes)).pipe(encode(asItIs), decode(utf8))))
    const text = String.fromCharCode(...Array.from({ length: random(12) }, units))
    const headerLength = ([1, 2, 4] as const)[random(3)]!
    const endian = (['big', 'little'] as const)[random(2)]!
    lines.push(await seen(of(text).pipe(encode(framed(utf8, { headerLength, endian })))), String(hashKey(text)))
  }
  return lines
}

interface Reading {
  readonly of: number
  readonly at: number
}

/** In order, out of order, and too late. */
function windows(): Promise<string> {
  const sums = windowed('sums', {
    key: ({ of }: Reading) => of,
    window: tumbling({ size: 10 }),
    build: () => ({ sum: 0 }),
    late: ({ at }) => `late ${at}`,
  })
  const readings = [1, 5, 12, 9, 31, 2, 40].map((at) => ({ of: at % 2, at }))
  return seen(
    from(readings).pipe(
      eventTime(({ at }) => at, { outOfOrder: 5 }),
      toWindows(
        { add: ({ at }, state) => void (state.sum += at), close: ({ sum }, { start }) => `${start}: ${sum}` },
        sums,
      ),
    ),
  )
}

/** Asynchronous steps, streams of the web, iterables. */
async function bridges(): Promise<string[]> {
  const written: string[] = []
  const taken = new WritableStream<Uint8Array>({ write: (bytes) => void written.push(hex(bytes)) })
  const body = new Blob(['1\n22\n333\n', 'x'.repeat(100_000), '\n']).stream()
  await all(
    fromWebStream(body).pipe(
      frame(delimited()),
      decode(utf8),
      to(async (line) => `${line.length}\n`, { concurrency: 2 }),
      encode((line) => line),
      toSink(webStreamSink(taken)),
    ),
  )
  const doubled = (n: number): number => 2 * n
  const read: number[] = []
  const reader = toWebStream(fromAsyncIterable([1, 2, 3]).pipe(to(doubled))).getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) read.push(next.value)
  for await (const one of toAsyncIterable(fromObservable(of(4, 5)).pipe(to(doubled)))) read.push(one)
  const observed: number[] = []
  await all(from([6]).pipe(to(doubled), toSink(observerSink({ next: (n: number) => observed.push(n) }))))
  return [written.join(''), String(read), String(observed)]
}

/** Subscribed to again after a time: it goes on with its state. */
async function again(): Promise<string> {
  const seenSoFar = statePartition('seen so far', { build: () => ({ count: 0 }) })
  const failsOnce = concat(of('a', 'b'), timer(5), of('c')).pipe(
    toState((_message: unknown, state) => {
      if (++state.count === 3) throw new RangeError('the third')
      return [String(state.count), true]
    }, seenSoFar),
    retry({ count: 1, delay: 5 }),
  )
  return seen(failsOnce.pipe(to((count) => `${count} seen`)))
}

/** A page's own Observable, where there is one. */
async function native(): Promise<string> {
  const isThere = 'Observable' in globalThis
  const here = (messages: Observable<number>): NativeObservable<number> | undefined =>
    isThere ? toNativeObservable(messages) : undefined
  const clicks = here(of(1, 2, 3).pipe(to((n) => n + 1)))
  return String(await all(clicks === undefined ? of(2, 3, 4) : fromNativeObservable(clicks)))
}

export async function app(): Promise<string[]> {
  return [
    await wordCount(),
    ...(await framings()),
    ...(await texts()),
    await windows(),
    ...(await bridges()),
    await again(),
    await native(),
  ]
}
