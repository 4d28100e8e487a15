import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import { fromPlain } from '../serialization/plain/fromPlain.ts'
import { packPlain, unpackPlain } from '../serialization/msgpack.ts'
import { isWellFormed, NotPlain } from '../serialization/plain/plainForm.ts'
import { plainForms } from '../serialization/plain/toPlain.ts'
import type { MessagesTime } from '../state/exchange.ts'
import { packedTime, unpackTime } from './time/packTime.ts'

/*
 * A pack: the messages for one step and one shard, in order. Integers are in little endian.
 *
 *   pack    := version:u8 kind:u8 count:u32 program:u32 stepLength:u16 step time? body
 *   version := 1 | 2                                2: with the time of its messages, as packTime.ts has it
 *   program := a digest of the steps that use state partitions: workers of other programs are told by it
 *   step    := text
 *   body    := (length:u32 text) × count              kind 1: strings
 *            | (length:u32 bytes) × count             kind 2: Uint8Arrays
 *            | what the state codec makes of          kind 3: anything that a state may be made of
 *              an array of the messages
 *   text    := UTF-8
 */
const version = 1
const versionWithTime = 2
const kinds = { text: 1, bytes: 2, plain: 3 } as const
type Kind = (typeof kinds)[keyof typeof kinds]

export interface Pack {
  readonly program: number
  readonly step: string
  readonly messages: readonly unknown[]
  /** Absent: nobody has read it. */
  readonly time?: MessagesTime | undefined
}

const headLength = 12

const plainForm = plainForms((_, path) => {
  throw new NotPlain(path(), 'no StateMap or StateSet in a message', 'one')
})

/** Throws `MESSAGE_NOT_SERIALIZABLE`. */
export function pack({ program, step, messages, time }: Pack): Buffer {
  const kind = kindOf(messages)
  const stepLength = Buffer.byteLength(step)
  const room = headLength + stepLength
  const packed = kind === kinds.plain ? packedPlain(messages, room, step) : packedInTurn(messages, room)
  packed[0] = time === undefined ? version : versionWithTime
  packed[1] = kind
  packed.writeUInt32LE(messages.length, 2)
  packed.writeUInt32LE(program, 6)
  packed.writeUInt16LE(stepLength, 10)
  packed.write(step, headLength)
  return time === undefined
    ? packed
    : Buffer.concat([packed.subarray(0, room), packedTime(time), packed.subarray(room)])
}

function kindOf(messages: readonly unknown[]): Kind {
  if (messages.every(isText)) return kinds.text
  return messages.every(isBytes) ? kinds.bytes : kinds.plain
}

const isText = (message: unknown): boolean => typeof message === 'string' && isWellFormed(message)

const isBytes = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && Object.getPrototypeOf(message) === Buffer.prototype

function packedInTurn(messages: readonly unknown[], room: number): Buffer {
  const texts = messages as readonly (string | Buffer)[]
  let length = room + 4 * texts.length
  for (const one of texts) length += typeof one === 'string' ? 3 * one.length : one.length
  const packed = Buffer.allocUnsafe(length)
  let at = room
  for (const one of texts) {
    const written = typeof one === 'string' ? packed.write(one, at + 4) : one.copy(packed, at + 4)
    packed.writeUInt32LE(written, at)
    at += 4 + written
  }
  return packed.subarray(0, at)
}

function packedPlain(messages: readonly unknown[], room: number, step: string): Buffer {
  try {
    return packPlain(0, plainForm(messages), room)
  } catch (cause) {
    const [path, expected, got] =
      cause instanceof NotPlain
        ? [cause.path, cause.expected, cause.got]
        : ['$', 'messages that can be read', shown(cause)]
    throw new WallarxError('MESSAGE_NOT_SERIALIZABLE', {
      expected: `a message that can go to another worker: ${expected}`,
      got,
      where: { step, path },
      cause,
    })
  }
}

/** What `pack` was given. Throws a RangeError or TypeError where the bytes are not that. */
export function unpack(bytes: Buffer): Pack {
  if (bytes[0] !== version && bytes[0] !== versionWithTime)
    throw new RangeError(`a pack of version ${String(bytes[0])}`)
  const kind = bytes[1]
  const count = bytes.readUInt32LE(2)
  const program = bytes.readUInt32LE(6)
  const stepEnd = headLength + bytes.readUInt16LE(10)
  if (stepEnd > bytes.length) throw new RangeError('a pack that is cut off')
  const step = bytes.toString('utf8', headLength, stepEnd)
  const { time, end: bodyAt } =
    bytes[0] === versionWithTime ? unpackTime(bytes, stepEnd, count) : { time: undefined, end: stepEnd }
  const messages =
    kind === kinds.plain ? unpackedPlain(bytes.subarray(bodyAt)) : unpackedInTurn(bytes, bodyAt, count, kind)
  if (messages.length !== count) throw new RangeError(`a pack of ${messages.length} messages that says ${count}`)
  return { program, step, messages, ...(time && { time }) }
}

function unpackedInTurn(bytes: Buffer, from: number, count: number, kind: number | undefined): unknown[] {
  if (kind !== kinds.text && kind !== kinds.bytes) throw new RangeError(`a pack of the kind ${String(kind)}`)
  const messages: unknown[] = []
  let at = from
  for (let left = count; left > 0; left--) {
    const end = at + 4 + bytes.readUInt32LE(at)
    if (end > bytes.length) throw new RangeError('a pack that is cut off')
    messages.push(kind === kinds.text ? bytes.toString('utf8', at + 4, end) : copied(bytes, at + 4, end))
    at = end
  }
  if (at !== bytes.length) throw new RangeError('bytes behind a pack')
  return messages
}

/** The record's memory is not kept by who keeps one message of it. */
function copied(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}

function unpackedPlain(body: Buffer): readonly unknown[] {
  const [, plain] = unpackPlain(body)
  const messages = fromPlain(plain, () => {
    throw new TypeError('a StateMap or StateSet in a message')
  })
  if (!Array.isArray(messages)) throw new TypeError('a pack whose body is no array')
  return messages as unknown[]
}

/** The same, for a state partition: throws `CLUSTER_PACK_INVALID`. */
export function unpackFor(partition: string, bytes: Buffer): Pack {
  try {
    return unpack(bytes)
  } catch (cause) {
    throw new WallarxError('CLUSTER_PACK_INVALID', {
      expected: 'a pack that a worker of this version, or an earlier one, has made',
      got: shown(cause),
      where: { partition },
      cause,
    })
  }
}
