import type { KeyFunction } from 'wallarx'
import { createRandom } from '../random.ts'
import type { Trial } from '../trial.ts'
import { createEntityTable, entityLocator, writeKey } from './entityTable.ts'

const passes = 5

/**
 * Finds the entity of each message, among as many entities as there are messages, in random order. The state is a small
 * number, so that nothing but the lookup is measured.
 */
export const lookups: Readonly<Record<string, (entities: number) => Trial>> = {
  'bigint keys: table': (size) => tableTrial(shuffled(bigints(size)), (key) => key),
  'bigint keys: map': (size) => mapTrial(shuffled(bigints(size)), (key) => key),
  'byte keys: table': (size) => {
    const { bytes, places } = keysInBytes(size)
    return tableTrial(places, readerOf(bytes))
  },
  'byte keys: map': (size) => {
    const { bytes, places } = keysInBytes(size)
    return mapTrial(places, (at) => bytes.readBigUInt64BE(at))
  },
  'small keys: table': (size) => tableTrial(shuffled(smallNumbers(size)), (key) => key),
  'small keys: map': (size) => mapTrial(shuffled(smallNumbers(size)), (key) => key),
}

/** Keys as they stand in a chunk of binary messages, and where each begins. */
function keysInBytes(size: number): { readonly bytes: Buffer; readonly places: number[] } {
  const bytes = Buffer.alloc(8 * size)
  for (const [index, key] of shuffled(bigints(size)).entries()) bytes.writeBigUInt64BE(key, 8 * index)
  return { bytes, places: smallNumbers(size).map((index) => 8 * index) }
}

/** Reads a key in place without making a bigint, as a key function can. */
function readerOf(bytes: Buffer): KeyFunction<number> {
  return Object.assign((at: number) => bytes.readBigUInt64BE(at), {
    [writeKey](at: number, halves: Uint32Array) {
      halves[0] = bytes.readUInt32BE(at + 4)
      halves[1] = bytes.readUInt32BE(at)
    },
  })
}

function tableTrial<Message>(messages: readonly Message[], key: KeyFunction<Message>): Trial {
  let made = 0
  const table = createEntityTable({ name: 'entities', build: () => made++ })
  const slotOf = entityLocator(table, key)
  for (const message of shuffled(messages)) slotOf(message)
  const { states } = table
  return repeated(messages, (message) => states[slotOf(message)]!)
}

function mapTrial<Message, Key extends bigint | number>(
  messages: readonly Message[],
  key: (message: Message) => Key,
): Trial {
  const map = new Map<Key, number>()
  for (const message of shuffled(messages)) map.set(copied(key(message)), map.size)
  return repeated(messages, (message) => map.get(key(message))!)
}

/** A bigint that is not the same object as the one in the message: in a program it never is. */
function copied<Key extends bigint | number>(key: Key): Key {
  return typeof key === 'bigint' ? (BigInt(key.toString()) as Key) : key
}

function repeated<Message>(messages: readonly Message[], find: (message: Message) => number): Trial {
  return {
    messages: messages.length * passes,
    run() {
      let sum = 0
      for (let pass = 0; pass < passes; pass++) {
        for (let at = 0; at < messages.length; at++) sum += find(messages[at]!)
      }
      return sum
    },
  }
}

function bigints(size: number): bigint[] {
  const random = createRandom(3)
  const half = (): bigint => BigInt(Math.floor(random() * 2 ** 32))
  return Array.from({ length: size }, () => (half() << 32n) | half())
}

const smallNumbers = (size: number): number[] => Array.from({ length: size }, (_, index) => index)

function shuffled<Item>(items: readonly Item[]): Item[] {
  const random = createRandom(4)
  const result = [...items]
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    ;[result[at], result[other]] = [result[other]!, result[at]!]
  }
  return result
}
