/*
 * The shard of a key: where Java's producer of Kafka places a record whose key is the 8 bytes of the uint64,
 * big-endian, so that others can find the place of a key.
 */

const seed = 0x9747b28c
const m = 0x5bd1e995

/** The shard of the key with these halves, of so many. */
export function shardOf(low: number, high: number, shards: number): number {
  let hash = mixed(mixed(seed ^ 8, swapped(high)), swapped(low))
  hash = Math.imul(hash ^ (hash >>> 13), m)
  hash ^= hash >>> 15
  return (hash & 0x7fffffff) % shards
}

/** One round of murmur2 (Austin Appleby), as Kafka's `Utils.murmur2` does it. */
function mixed(hash: number, word: number): number {
  let k = Math.imul(word, m)
  k ^= k >>> 24
  return Math.imul(hash, m) ^ Math.imul(k, m)
}

/** The four bytes of a number the other way round: murmur2 reads words in little endian. */
function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}

/** Kafka's murmur2 of bytes, as a signed number. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  let hash = seed ^ length
  const whole = length & ~3
  for (let at = 0; at < whole; at += 4) {
    hash = mixed(hash, bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
  }
  if (whole < length) {
    for (let at = length - 1; at >= whole; at--) hash ^= bytes[at]! << (8 * (at - whole))
    hash = Math.imul(hash, m)
  }
  hash = Math.imul(hash ^ (hash >>> 13), m)
  return hash ^ (hash >>> 15)
}

/** Where Java's producer places a record with this key, in a topic of so many partitions. */
export const placeOf = (key: Uint8Array, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions
