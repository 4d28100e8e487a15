import { expect, test } from 'vitest'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { handOver } from '../../../src/context/time/handOver.ts'
import type { KafkaRecord } from '../../../src/kafka/client.ts'
import { handOverTo } from '../../../src/kafka/input/handOver.ts'

test('each partition of a topic is an origin of its own', () => {
  const context = standaloneContext()
  const { register, pipeline } = context.time
  pipeline.used = true
  const seen: unknown[] = []
  const output = {
    next: () => seen.push(register.origin),
    error: () => undefined,
    complete: () => undefined,
    closed: false,
  }
  const record = (topic: string, partition: number): KafkaRecord => ({
    topic,
    partition,
    offset: 0,
    value: null,
    key: null,
    headers: [],
    timestamp: 0,
  })
  const records = [record('a', 0), record('a', 1), record('b', 0), record('a', 0)]
  const pass = handOverTo<KafkaRecord>({ output, meter: undefined, origin: 'both' }, context, (one) => one)
  handOver(context, 'both', pass, records, () => undefined)
  expect(seen).toEqual(['both/a[0]', 'both/a[1]', 'both/b[0]', 'both/a[0]'])
  expect(register.origin).toBeUndefined()
})
