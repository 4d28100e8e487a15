import { pack, unpack } from '../../../src/cluster/pack.ts'
import type { NewRecord } from '../../../src/kafka/client.ts'
import { partitions, timeout, type KafkaCourse } from './course.ts'

/** Of one commit and one shard: 25 ms at 240,000 messages a second. */
const perPack = 1000
const bytesOfMessage = 30

/** Seconds of processor time of this process for each million messages that go through a topic and back. */
export async function exchangeCost(course: KafkaCourse, packed: boolean, messages: number): Promise<number> {
  const topic = await course.topic('exchange')
  const producer = await course.client.producer({ transactionalId: topic, transactionTimeout: timeout }, timeout)
  const reader = await course.client.reader('committed', timeout)
  reader.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })))
  const batch = Array.from({ length: perPack }, (_, at) => Buffer.alloc(bytesOfMessage, at))
  const before = process.cpuUsage()
  let read = 0
  const take = async (wait: number): Promise<void> => {
    for (const { value } of await reader.poll(10_000, wait)) {
      if (!packed) read++
      else
        for (const message of unpack(Buffer.from(value!)).messages) read += (message as Buffer).length / bytesOfMessage
    }
  }
  let written = 0
  while (written < messages) {
    await producer.begin()
    for (let partition = 0; partition < partitions; partition++) {
      const values = packed ? [pack({ program: 1, step: 'words/totals', messages: batch })] : batch
      for (const value of values) {
        const record: NewRecord = { topic, partition, key: null, value }
        while (!producer.produce(record)) await producer.drained()
      }
      written += batch.length
    }
    await producer.commit(timeout)
    await take(0)
  }
  while (read < written) await take(100)
  const { user, system } = process.cpuUsage(before)
  await producer.close(timeout)
  await reader.close(timeout)
  return (user + system) / written
}
