import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { confluentClient } from '../../src/kafka/confluent/confluent.ts'
import { kafkaSource } from '../../src/kafka/source.ts'
import { startSecureBroker, type SecureBroker } from './broker/secure.ts'

type Settings = Readonly<Record<string, string | boolean>>

const topic = 'secrets'
const soon = 20_000
/** In ms: how long who is refused waits for that. */
const timeout = 6000
const dir = mkdtempSync(join(tmpdir(), 'wallarx-kafka-'))
let broker: SecureBroker

beforeAll(async () => {
  broker = await startSecureBroker(dir)
  const client = await confluentClient({ brokers: [broker.brokers] })
  await client.createTopics([{ name: topic, partitions: 1, settings: {} }], soon)
  const producer = await client.producer({ transactionalId: undefined, transactionTimeout: 10_000 }, soon)
  producer.produce({ topic, partition: 0, key: null, value: Buffer.from('value') })
  await producer.flush(soon)
  await client.close(soon)
})
afterAll(async () => {
  await broker.stop()
  rmSync(dir, { recursive: true, force: true })
})

const read = (brokers: string, settings: Settings): Promise<unknown> =>
  firstValueFrom(kafkaSource({ topic, brokers, settings, timeout })).then(String)

const ca = (): Settings => ({ 'ssl.ca.location': broker.ca })
const sasl = (mechanism: string, user: string, password: string): Settings => ({
  ...ca(),
  'security.protocol': 'sasl_ssl',
  'sasl.mechanisms': mechanism,
  'sasl.username': user,
  'sasl.password': password,
})
const token = (config: string): Settings => ({
  'security.protocol': 'sasl_plaintext',
  'sasl.mechanisms': 'OAUTHBEARER',
  'enable.sasl.oauthbearer.unsecure.jwt': true,
  'sasl.oauthbearer.config': config,
})

describe('over TLS', () => {
  test('who knows who signs the broker reads', async () => {
    expect(await read(broker.tls, { 'security.protocol': 'ssl', ...ca() })).toBe('value')
  })

  test('a broker that nobody signs is not spoken with', async () => {
    await expect(read(broker.tls, { 'security.protocol': 'ssl' })).rejects.toMatchObject({
      code: 'KAFKA_DENIED',
      message: expect.stringMatching(/certificate/i),
    })
  })

  test('who speaks plainly is told, within the timeout', async () => {
    await expect(read(broker.tls, {})).rejects.toMatchObject({ code: expect.stringMatching(/^KAFKA_/) })
  })
})

describe.each(['PLAIN', 'SCRAM-SHA-256'])('with SASL %s', (mechanism) => {
  test('who has the password reads', async () => {
    expect(await read(broker.sasl, sasl(mechanism, 'admin', 'secret'))).toBe('value')
  })

  test('a wrong password is refused, with the cause', async () => {
    await expect(read(broker.sasl, sasl(mechanism, 'admin', 'wrong'))).rejects.toMatchObject({
      code: 'KAFKA_DENIED',
      message: expect.stringMatching(/authentication/i),
    })
  })
})

test('who may not read a topic is told which', async () => {
  await expect(read(broker.sasl, sasl('PLAIN', 'guest', 'secret'))).rejects.toMatchObject({
    code: 'KAFKA_DENIED',
    message: expect.stringContaining(topic),
  })
})

describe('with tokens (OAUTHBEARER)', () => {
  test('one that the broker accepts reads', async () => {
    expect(await read(broker.oauth, token('principal=admin scope=kafka'))).toBe('value')
  })

  test('one that lacks what the broker wants is refused, with the cause', async () => {
    await expect(read(broker.oauth, token('principal=admin'))).rejects.toMatchObject({
      code: 'KAFKA_DENIED',
      message: expect.stringMatching(/SASL|token|scope/i),
    })
  })
})
