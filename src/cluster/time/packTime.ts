import type { MessagesTime, OriginState, Said, SentTime, TellOrigin } from '../../state/exchange.ts'

/*
 * The time of the messages of a pack, in a pack of version 2. Integers and numbers are in little endian.
 *
 *   time   := origins:u16 (length:u16 name) × origins said:u32 (before:u32 origin:u16 state:u8 watermark:f64) × said
 *             time:f64 × count
 *   state  := 0 live | 1 idle | 2 over | 3 awaited
 */
const states: readonly OriginState[] = ['live', 'idle', 'over', 'awaited']
const saidLength = 15

/** The time of a pack that grows. */
export class GrowingTime implements MessagesTime {
  readonly times: number[] = []
  readonly said: Said[] = []
  #heard: string | undefined
  #upTo = NaN

  /** `count`: messages that came before anybody asked what time it is. */
  constructor(count = 0) {
    for (let left = count; left > 0; left--) this.times.push(NaN)
  }

  /** A message comes next. */
  add({ time, heard, upTo }: SentTime['register']): void {
    if (heard !== undefined && upTo > -Infinity && (heard !== this.#heard || upTo !== this.#upTo)) {
      this.#heard = heard
      this.#upTo = upTo
      this.say(heard, upTo, 'live')
    }
    this.times.push(time)
  }

  say(...[origin, watermark, state]: Parameters<TellOrigin>): void {
    this.said.push({ before: this.times.length, origin, watermark, state })
  }
}

/** Those of the messages in between; what is said after the last one is behind the last. */
export function sliceTime({ times, said }: MessagesTime, from: number, to: number): MessagesTime {
  const isLast = to >= times.length
  return {
    times: times.slice(from, to),
    said: said
      .filter(({ before }) => before >= from && (before < to || isLast))
      .map((one) => ({ ...one, before: one.before - from })),
  }
}

export function packedTime({ times, said }: MessagesTime): Buffer {
  const numbers = new Map<string, number>()
  for (const { origin } of said) if (!numbers.has(origin)) numbers.set(origin, numbers.size)
  const names = [...numbers.keys()].map((name) => Buffer.from(name))
  const namesLength = names.reduce((length, name) => length + 2 + name.length, 0)
  const packed = Buffer.allocUnsafe(2 + namesLength + 4 + saidLength * said.length + 8 * times.length)
  let at = packed.writeUInt16LE(names.length, 0)
  for (const name of names) {
    at = packed.writeUInt16LE(name.length, at)
    at += name.copy(packed, at)
  }
  at = packed.writeUInt32LE(said.length, at)
  for (const { before, origin, watermark, state } of said) {
    at = packed.writeUInt32LE(before, at)
    at = packed.writeUInt16LE(numbers.get(origin)!, at)
    at = packed.writeUInt8(states.indexOf(state), at)
    at = packed.writeDoubleLE(watermark, at)
  }
  for (const time of times) at = packed.writeDoubleLE(time, at)
  return packed
}

/** Throws a RangeError where the bytes are not what `packedTime` made of so many messages. */
export function unpackTime(bytes: Buffer, start: number, count: number): { time: MessagesTime; end: number } {
  const names: string[] = []
  let at = start + 2
  for (let left = bytes.readUInt16LE(start); left > 0; left--) {
    const end = at + 2 + bytes.readUInt16LE(at)
    names.push(bytes.toString('utf8', at + 2, end))
    at = end
  }
  const said: Said[] = []
  const saidCount = bytes.readUInt32LE(at)
  at += 4
  for (let left = saidCount; left > 0; left--, at += saidLength) {
    const origin = names[bytes.readUInt16LE(at + 4)]
    const state = states[bytes.readUInt8(at + 6)]
    if (origin === undefined || state === undefined) throw new RangeError('a pack that says something unknown of time')
    said.push({ before: bytes.readUInt32LE(at), origin, watermark: bytes.readDoubleLE(at + 7), state })
  }
  const times: number[] = []
  for (let left = count; left > 0; left--, at += 8) times.push(bytes.readDoubleLE(at))
  return { time: { times, said }, end: at }
}
