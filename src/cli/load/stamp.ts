/* A stamp: a time within a message, in microseconds since 1970.
 *
 *   text    16 hexadecimal digits, lower case, with zeros in front
 *   bytes   8 bytes, an unsigned integer, big-endian
 */

import { UsageError } from '../failure.ts'
import { choiceOption, numberOption } from '../options.ts'

const forms = ['text', 'bytes'] as const

/**
 * Microseconds since 1970, of a time of `performance.now()`: read from the machine's clock when the process starts, and
 * only growing from then on. Processes of one machine agree to within some 20 µs, unless its clock was set between
 * their starts.
 */
export const atWallClock = (time: number): number => Math.round(1000 * (performance.timeOrigin + time))

/** Where a stamp stands, and what it looks like. */
export interface StampPlace {
  /** Before or after the rest of the message, or in it, from this byte on. */
  readonly at: 'before' | 'after' | number
  readonly form: (typeof forms)[number]
}

/** What `--help` says of it. */
export const stampForms = `  --stamp-as text      a stamp is 16 hexadecimal digits: microseconds since 1970. Default
  --stamp-as bytes     a stamp is 8 bytes, big-endian; needs --framing length`

/** Of the options `--stamp` and `--stamp-as`; `undefined` without `--stamp`. Throws `UsageError`. */
export function stampOption(
  { stamp, 'stamp-as': form }: { readonly stamp?: string; readonly 'stamp-as'?: string },
  framing: string,
): StampPlace | undefined {
  if (stamp === undefined) {
    if (form !== undefined) throw new UsageError('--stamp-as needs --stamp')
    return undefined
  }
  if (framing === 'none') throw new UsageError('--stamp needs messages, not --framing none')
  const place = { at: placeOption(stamp), form: choiceOption('stamp-as', form ?? 'text', forms) }
  if (place.form === 'bytes' && framing === 'newline') {
    throw new UsageError('--stamp-as bytes needs --framing length: a byte of a stamp may be a newline')
  }
  return place
}

function placeOption(text: string): StampPlace['at'] {
  if (text === 'before' || text === 'after') return text
  if (!/^\d+$/.test(text)) throw new UsageError(`--stamp wants before, after or the number of a byte, not "${text}"`)
  return numberOption('stamp', text, { least: 0 })!
}

/** Bytes of a stamp. */
export const lengthOf = ({ form }: StampPlace): number => (form === 'text' ? 16 : 8)

/** The message with room for a stamp, and where that is; `undefined` where it is too short to have it. */
export function withRoom(message: Buffer, place: StampPlace): { message: Buffer; at: number } | undefined {
  const length = lengthOf(place)
  const { at } = place
  if (typeof at === 'number') return at + length > message.length ? undefined : { message: Buffer.from(message), at }
  const room = Buffer.alloc(length)
  return at === 'before'
    ? { message: Buffer.concat([room, message]), at: 0 }
    : { message: Buffer.concat([message, room]), at: message.length }
}

/** Writes a stamp of `microseconds` at byte `at`. */
export function writeStamp(bytes: Uint8Array, at: number, { form }: StampPlace, microseconds: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (form === 'text') buffer.write(microseconds.toString(16).padStart(16, '0'), at, 'latin1')
  else buffer.writeBigUInt64BE(BigInt(microseconds), at)
}

/** A stamp that is further from now than this, in microseconds, is none: something else stands there. */
const furthest = 24 * 3600 * 1e6

/** The stamp of a message that comes at `now`, in microseconds since 1970; `undefined` where there is none. */
export function readStamp(message: Buffer, place: StampPlace, now: number): number | undefined {
  const length = lengthOf(place)
  const { at, form } = place
  const from = at === 'before' ? 0 : at === 'after' ? message.length - length : at
  if (from < 0 || from + length > message.length) return undefined
  let stamp: number
  if (form === 'bytes') {
    stamp = Number(message.readBigUInt64BE(from))
  } else {
    const digits = message.toString('latin1', from, from + length)
    stamp = /^[\da-f]{16}$/.test(digits) ? parseInt(digits, 16) : NaN
  }
  return Math.abs(now - stamp) <= furthest ? stamp : undefined
}
