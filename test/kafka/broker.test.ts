import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import type { KafkaClient, KafkaRecord } from '../../src/kafka/client.ts'
import { confluentClient } from '../../src/kafka/confluent/confluent.ts'
import { startBroker, type Broker } from './broker/broker.ts'

const soon = 20_000
const limit = 4_000

async function clientOf(brokers: string, settings = {}): Promise<KafkaClient> {
  const client = await confluentClient({ brokers: [brokers], settings })
  onTestFinished(() => client.close(soon))
  return client
}

const value = Buffer.from('value')
const bounded = { name: 'KafkaError', fault: 'unreachable' }

describe('a broker that cannot be spoken with', () => {
  test('is unreachable, and the message says where and why', async () => {
    const client = await clientOf('127.0.0.1:1')
    await expect(client.topics(['a'], 1_500)).rejects.toMatchObject({
      ...bounded,
      message: expect.stringMatching(/127\.0\.0\.1:1.*Connection refused/),
    })
    await expect(client.producer({ transactionalId: 'a', transactionTimeout: 10_000 }, 1_500)).rejects.toMatchObject(
      bounded,
    )
    await expect(client.reader('committed', 1_500)).rejects.toMatchObject(bounded)
  })

  test('is unreachable where its name is not known', async () => {
    const client = await clientOf('no-such-host.invalid:9092')
    await expect(client.topics(['a'], 3_000)).rejects.toMatchObject({
      ...bounded,
      message: expect.stringContaining('no-such-host.invalid'),
    })
  })

  test('denies who speaks TLS to a plain port', async () => {
    const client = await clientOf(inject('brokers'), { 'security.protocol': 'ssl' })
    await expect(client.topics(['a'], 3_000)).rejects.toMatchObject({
      name: 'KafkaError',
      fault: 'denied',
      message: expect.stringMatching(/SSL/),
    })
  })

  test('does not accept a setting that there is not', async () => {
    const client = await clientOf(inject('brokers'), { 'no.such.setting': true })
    await expect(client.topics(['a'], 3_000)).rejects.toMatchObject({
      name: 'KafkaError',
      fault: 'invalid',
      message: expect.stringContaining('no.such.setting'),
    })
  })

  test('does not accept a transaction timeout above its own', async () => {
    const client = await clientOf(inject('brokers'))
    const producer = client.producer({ transactionalId: 'long', transactionTimeout: 3_600_000 }, soon)
    await expect(producer).rejects.toMatchObject({ name: 'KafkaError', fault: 'invalid' })
  })
})

describe('a broker that is killed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wallarx-kafka-'))
  let broker: Broker
  beforeAll(async () => {
    broker = await startBroker({ dir })
  })
  afterAll(async () => {
    await broker.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  test('leaves no call waiting for ever, and serves the same clients when it is back', async () => {
    const client = await clientOf(broker.brokers)
    await client.createTopics([{ name: 'orders', partitions: 1, settings: {} }], soon)
    const place = { topic: 'orders', partition: 0 }
    const transactional = { transactionalId: 'worker', transactionTimeout: 10_000 }
    const producer = await client.producer(transactional, soon)
    await producer.begin()
    producer.produce({ ...place, key: null, value: Buffer.from('committed') })
    await producer.commit(soon)
    const owned: string[] = []
    const member = await client.member(
      {
        client: 'one',
        group: 'group',
        topics: ['orders'],
        sessionTimeout: 6_000,
        protocol: 'classic',
        assigned: (places) => owned.push(...places.map(({ topic, partition }) => `${topic}[${partition}]`)),
        revoked: () => Promise.resolve(),
        lost: () => undefined,
      },
      soon,
    )
    for (let polls = 0; polls < 100 && owned.length === 0; polls++) await member.poll(10, 100)
    expect(owned).toEqual(['orders[0]'])
    expect(await client.members('group', soon)).toHaveLength(1)

    await producer.begin()
    producer.produce({ ...place, key: null, value: Buffer.from('open') })
    await producer.flush(soon)
    await broker.kill()
    await expect(client.ends([place], 'uncommitted', limit)).rejects.toMatchObject(bounded)
    await expect(client.members('group', limit)).rejects.toMatchObject(bounded)
    await expect(client.topics(['orders'], limit)).rejects.toMatchObject(bounded)
    await expect(member.committed([place], limit)).rejects.toMatchObject(bounded)
    await expect(producer.commit(limit)).rejects.toMatchObject({ name: 'KafkaError' })
    expect(await member.poll(10, 100)).toEqual([])

    await broker.restart()
    const successor = await client.producer(transactional, soon)
    await successor.begin()
    successor.produce({ ...place, key: null, value: Buffer.from('again') })
    await successor.commit(soon)
    expect((await client.topics(['orders'], soon)).get('orders')?.partitions).toBe(1)
    const [ends] = await client.ends([place], 'uncommitted', soon)
    const reader = await client.reader('committed', soon)
    reader.assign([{ ...place, offset: 0 }])
    const records: KafkaRecord[] = []
    while ((reader.position(place) ?? 0) < ends!.end) records.push(...(await reader.poll(10, 100)))
    const values = records.map((record) => String(record.value))
    // The commit whose answer never came may have been made, or not.
    expect([
      ['committed', 'again'],
      ['committed', 'open', 'again'],
    ]).toContainEqual(values)
    await member.poll(10, 100)
  })

  test('is asked for offsets by those who have asked it before', async () => {
    const client = await clientOf(broker.brokers)
    await client.createTopics([{ name: 'asked', partitions: 2, settings: {} }], soon)
    const places = [0, 1].map((partition) => ({ topic: 'asked', partition }))
    const empty = places.map(() => ({ low: 0, end: 0 }))
    const beginnings = places.map((place) => ({ ...place, offset: 0 }))
    expect(await client.ends(places, 'uncommitted', soon)).toEqual(empty)
    await broker.kill()
    await broker.restart()
    expect(await client.ends(places, 'uncommitted', soon)).toEqual(empty)
    await broker.kill()
    await broker.restart()
    await client.deleteBefore(beginnings, soon)
    expect(await client.offsetsAt(places, 0, soon)).toEqual([0, 0])
  })

  test('does not keep a client from being closed', async () => {
    const client = await confluentClient({ brokers: [broker.brokers] })
    await client.createTopics([{ name: 'closing', partitions: 1, settings: {} }], soon)
    const producer = await client.producer({ transactionalId: 'closing', transactionTimeout: 10_000 }, soon)
    const reader = await client.reader('committed', soon)
    reader.assign([{ topic: 'closing', partition: 0, offset: 0 }])
    const options = { client: 'one', group: 'closing', topics: ['closing'], sessionTimeout: 6_000 } as const
    const rebalance = { assigned: () => undefined, revoked: () => Promise.resolve(), lost: () => undefined }
    const member = await client.member({ ...options, protocol: 'classic', ...rebalance }, soon)
    await member.poll(10, 500)
    await producer.begin()
    producer.produce({ topic: 'closing', partition: 0, key: null, value })
    await broker.kill()
    await client.close(limit)
    await broker.restart()
  })
})
