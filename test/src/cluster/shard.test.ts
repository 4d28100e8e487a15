import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { murmur2, placeOf, shardOf } from '../../../src/cluster/shard.ts'

const half = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
)

describe('murmur2', () => {
  // As in the tests of Kafka itself (UtilsTest) and of librdkafka.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %j is what Kafka says', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash)
  })
})

describe('the shard of a key', () => {
  test('is where Java places a record with its 8 bytes, big-endian', () => {
    fc.assert(
      fc.property(half, half, fc.integer({ min: 1, max: 10_000 }), (low, high, shards) => {
        const key = Buffer.alloc(8)
        key.writeUInt32BE(high, 0)
        key.writeUInt32BE(low, 4)
        expect(shardOf(low, high, shards)).toBe(placeOf(key, shards))
      }),
    )
  })

  test('is the same for halves that are signed', () => {
    fc.assert(
      fc.property(half, half, fc.integer({ min: 1, max: 64 }), (low, high, shards) => {
        expect(shardOf(low | 0, high | 0, shards)).toBe(shardOf(low, high, shards))
      }),
    )
  })

  test('is one of the shards, and keys that follow each other are spread over all of them', () => {
    const counts = new Array<number>(32).fill(0)
    for (let key = 0; key < 32_000; key++) counts[shardOf(key, 0, 32)]!++
    expect(counts).toHaveLength(32)
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200)
  })
})
