import { expect, inject, onTestFinished, test } from 'vitest'
import { confluentClient } from '../../src/kafka/confluent/confluent.ts'
import { startNode, type Program } from '../support/processes.ts'
import { settled } from './shards.ts'
import { createWordCount, partitions, timeout } from './wordCount.ts'

/** In ms of event time: how far apart words are, and how much a word may be out of order. */
const apart = 100
const disorder = 5000
const perMinute = 60_000 / apart
const minutes = 30

/** When the word of this number was said, and which. */
const wordOf = (number: number): { readonly text: string; readonly at: number } => ({
  text: `word${number % 7}`,
  at: Math.max(0, number * apart - ((number * 7919) % disorder)),
})

test('three workers close each window of each word once, whole, while one is killed and comes back', async () => {
  const brokers = inject('brokers')
  const client = await confluentClient({ brokers: [brokers] })
  onTestFinished(() => client.close(timeout))
  const { lines, words, workerArguments } = await createWordCount(client, brokers)
  const start = (worker: string): Program =>
    startNode(...workerArguments(worker).map((one) => one.replace('wordCountWorker', 'windowsWorker')))
  const [a, b] = [start('a'), start('b')]
  let c = start('c')
  await settled([a, b, c])

  const producer = await client.producer({ transactionalId: undefined, transactionTimeout: 60_000 }, timeout)
  const expected = new Map<string, number>()
  const write = async (text: string, at: number, partition: number): Promise<void> => {
    const record = { topic: lines, partition, key: null, value: Buffer.from(`${text} ${at}`) }
    while (!producer.produce(record)) await producer.drained()
  }
  for (let number = 0; number < minutes * perMinute; number++) {
    const { text, at } = wordOf(number)
    const window = `${text} ${Math.floor(at / 60_000)}`
    expected.set(window, (expected.get(window) ?? 0) + 1)
    await write(text, at, number % partitions)
    if (number % (2 * perMinute) === 0) await new Promise((resolve) => setTimeout(resolve, 300))
    if (number === 10 * perMinute) c.process.kill('SIGKILL')
    if (number === 20 * perMinute) c = start('c')
  }
  for (let partition = 0; partition < partitions; partition++) await write('end', 100 * 60_000, partition)
  await producer.flush(timeout)
  await producer.close(timeout)

  const reader = await client.reader('committed', timeout)
  reader.assign(Array.from({ length: partitions }, (_, partition) => ({ topic: words, partition, offset: 0 })))
  const closed: string[] = []
  while (closed.length < expected.size) {
    for (const { value } of await reader.poll(1000, 100)) closed.push(Buffer.from(value!).toString())
  }
  await settled([a, b, c])
  for (const { value } of await reader.poll(1000, 1000)) closed.push(Buffer.from(value!).toString())
  expect(closed.sort()).toEqual([...expected].map(([window, count]) => `${window} ${count}`).sort())
  for (const worker of [a, b, c]) worker.process.kill('SIGTERM')
  expect(await Promise.all([a, b, c].map((worker) => worker.ended))).toEqual([0, 0, 0])
}, 240_000)
