import { framed } from '../../codec/codec.ts'
import { Failure } from '../failure.ts'
import { lengthOf, type StampPlace, withRoom } from '../load/stamp.ts'
import type { Line } from './line.ts'
import type { SendOptions } from './options.ts'

/** Makes the message of a line without its newline; `undefined` where it has none. */
export function messageReader({
  keepEmpty,
  hex,
}: Pick<SendOptions, 'keepEmpty' | 'hex'>): (text: Buffer) => Buffer | undefined {
  let number = 0
  return (text) => {
    number++
    const line = text.at(-1) === carriageReturn ? text.subarray(0, -1) : text
    const message = hex ? hexMessage(line, number) : line
    return message.length === 0 && !keepEmpty ? undefined : message
  }
}

/** Makes what is sent from a line without its newline. */
export function lineReader({
  framing,
  headerLength,
  keepEmpty,
  hex,
  stamp,
}: SendOptions): (text: Buffer) => Line | undefined {
  const encoder = framing === 'length' ? framed(asIs, { headerLength }) : { encode: terminated }
  const longest = framing === 'length' ? 2 ** (8 * headerLength) - 1 : Infinity
  const header = framing === 'length' ? headerLength : 0
  const messageOf = messageReader({ keepEmpty, hex })
  let inputEnd = 0
  let number = 0
  return (text) => {
    inputEnd += text.length + 1
    number++
    const body = messageOf(text)
    if (body === undefined) return undefined
    const room = stamp && roomOf(body, stamp, number)
    const message = room?.message ?? body
    if (message.length > longest) {
      throw new Failure(
        `line ${number} has ${message.length} bytes, more than a length of ${headerLength} bytes can say. ` +
          'Give a larger --header-length, if the receiver has it too',
      )
    }
    const frame = encoder.encode(message)!
    return { frame, length: message.length, inputEnd, ...(room && { stampAt: header + room.at }) }
  }
}

const newline = Buffer.from('\n')
const asIs = (message: Buffer): Buffer => message
const terminated = (message: Buffer): Buffer => Buffer.concat([message, newline])
const carriageReturn = 0x0d

/** The message with room for a stamp. Throws `Failure` where there is none. */
function roomOf(body: Buffer, place: StampPlace, number: number): { message: Buffer; at: number } {
  const room = withRoom(body, place)
  if (room !== undefined) return room
  throw new Failure(
    `line ${number} has ${body.length} bytes, too few for a stamp of ${lengthOf(place)} from byte ${place.at} on. ` +
      'Put the stamp further to the front, or before or after the message: --stamp before',
  )
}

/** Throws `Failure` where the line is no hexadecimal. */
function hexMessage(line: Buffer, number: number): Buffer {
  const digits = line.toString('latin1').replaceAll(' ', '')
  if (/^(?:[\da-f]{2})*$/i.test(digits)) return Buffer.from(digits, 'hex')
  throw new Failure(`line ${number} is not bytes of two hexadecimal digits each. Mend it, or leave --hex out`)
}
