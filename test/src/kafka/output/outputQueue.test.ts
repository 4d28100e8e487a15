import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Output } from '../../../../src/kafka/output/output.ts'
import { createOutputQueue } from '../../../../src/kafka/output/outputQueue.ts'

const bytes = fc.option(fc.uint8Array({ maxLength: 40 }))
const large = fc.integer({ min: 60_000, max: 70_000 }).map((length) => new Uint8Array(length).fill(7))
const output: fc.Arbitrary<Output> = fc.record(
  {
    topic: fc.constantFrom('one', 'two', 'three'),
    partition: fc.nat({ max: 5 }),
    key: bytes,
    value: fc.oneof({ weight: 20, arbitrary: bytes }, { weight: 1, arbitrary: large }),
    headers: fc.array(fc.tuple(fc.string(), fc.uint8Array({ maxLength: 5 })), { maxLength: 2 }),
    timestamp: fc.integer({ min: 0, max: 2 ** 52 }),
  },
  { requiredKeys: ['topic', 'key', 'value'] },
)

const plain = ({ topic, partition, key, value, headers, timestamp }: Output): unknown => ({
  topic,
  partition,
  key: key && Buffer.from(key).toString('hex'),
  value: value && Buffer.from(value).toString('hex'),
  headers,
  timestamp,
})

test('outputs come out as they were when they were added, in their order, again and again', () => {
  const queue = createOutputQueue()
  fc.assert(
    fc.property(fc.array(fc.tuple(output, fc.boolean()), { maxLength: 60 }), (added) => {
      queue.clear()
      for (const [one, isChecked] of added) queue.add(one, isChecked)
      const expected = added.map(([one]) => plain(one))
      expect([...queue].map(plain)).toEqual(expected)
      expect([...queue].map(plain)).toEqual(expected)
      expect(queue.size).toBe(added.length)
      const topics = new Set(queue.topics())
      for (const [{ topic }] of added) expect(topics).toContain(topic)
    }),
  )
})

test('what a refused partition was made of is kept', () => {
  const refuse = (): boolean => true
  const made = { topic: 'one', partition: 9, key: null, value: null, message: 'message', refuse }
  const queue = createOutputQueue()
  queue.add(made)
  expect([...queue]).toEqual([made])
  queue.clear()
  queue.add(made, true)
  expect([...queue]).toEqual([{ topic: 'one', partition: 9, key: null, value: null, timestamp: undefined }])
})
