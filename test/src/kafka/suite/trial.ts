import { onTestFinished, test } from 'vitest'
import type {
  Isolation,
  KafkaClient,
  KafkaProducer,
  KafkaReader,
  KafkaRecord,
  NewRecord,
  Place,
  PlaceAt,
} from '../../../../src/kafka/client.ts'

/** A Kafka of its own for a test, or a part of one that nobody else uses. */
export interface ClientFixture {
  /** The client of one more process. The suite closes it. */
  client(): KafkaClient
  /** Lets so much time pass, in ms. It passes by itself while a call of a client is awaited. */
  elapse(milliseconds: number): Promise<void>
  /** Has the broker put this member out of the group, without telling it. */
  evict(group: string, client: string): Promise<void>
  close(): Promise<void>
}

/** Opens one for each test. */
export type OpenFixture = () => Promise<ClientFixture>

/** What a law is tried on. */
export interface Trial extends Pick<ClientFixture, 'client' | 'elapse' | 'evict'> {
  /** A name that nobody else has. */
  name(of: string): string
  /** Makes a topic; gives its name. */
  topic(partitions?: number, settings?: Readonly<Record<string, string>>): Promise<string>
  /** A producer with a transactional id, of a process of its own. */
  producer(transactionalId?: string, transactionTimeout?: number): Promise<KafkaProducer>
  /** A reader, of a process of its own. */
  reader(isolation?: Isolation): Promise<KafkaReader>
  /** The process that looks and does not take part. */
  readonly observer: KafkaClient
}

export type Law = (title: string, holds: (trial: Trial) => Promise<void>) => void

/** More than any call needs, in ms. */
export const soon = 20_000

export const bytes = (text: string): Uint8Array => Buffer.from(text)
export const text = (value: Uint8Array | null | undefined): string | null | undefined =>
  value === null || value === undefined ? value : Buffer.from(value).toString()
export const at = (place: Place, offset: number): PlaceAt => ({ ...place, offset })
/** A place as a word, to compare and to sort by. */
export const word = ({ topic, partition }: Place): string => `${topic}[${partition}]`
export const placesOf = (topic: string, partitions: number): Place[] =>
  Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
export const record = (topic: string, value: string | null, more: Partial<NewRecord> = {}): NewRecord => ({
  topic,
  partition: 0,
  key: null,
  value: value === null ? null : bytes(value),
  ...more,
})

export function lawsOn(open: OpenFixture): Law {
  let names = 0
  return (title, holds) => {
    test(title, async () => {
      const fixture = await open()
      const clients: KafkaClient[] = []
      onTestFinished(async () => {
        await Promise.all(clients.map((client) => client.close(soon)))
        await fixture.close()
      }, 60_000)
      const client = (): KafkaClient => {
        const made = fixture.client()
        clients.push(made)
        return made
      }
      const name = (of: string): string => `${of}-${++names}`
      const observer = client()
      await holds({
        client,
        name,
        observer,
        elapse: (milliseconds) => fixture.elapse(milliseconds),
        evict: (group, member) => fixture.evict(group, member),
        async topic(partitions = 1, settings = {}) {
          const topic = name('topic')
          await observer.createTopics([{ name: topic, partitions, settings }], soon)
          return topic
        },
        producer: (transactionalId = name('id'), transactionTimeout = 10_000) =>
          client().producer({ transactionalId, transactionTimeout }, soon),
        reader: (isolation = 'committed') => client().reader(isolation, soon),
      })
    })
  }
}

/** Writes outside of transactions: the values, each a record. */
export async function write(trial: Trial, topic: string, values: readonly string[], partition = 0): Promise<void> {
  const producer = await trial.observer.producer({ transactionalId: undefined, transactionTimeout: 10_000 }, soon)
  for (const value of values) producer.produce(record(topic, value, { partition }))
  await producer.flush(soon)
  await producer.close(soon)
}

/** One transaction with these records. */
export async function transact(producer: KafkaProducer, end: 'commit' | 'abort', records: NewRecord[]): Promise<void> {
  await producer.begin()
  for (const one of records) producer.produce(one)
  if (end === 'commit') await producer.commit(soon)
  else {
    await producer.flush(soon)
    await producer.abort(soon)
  }
}

/** Polls until so many records have come; none that came in the same poll is left out. */
export async function take(reader: KafkaReader, count: number): Promise<KafkaRecord[]> {
  const taken: KafkaRecord[] = []
  await eventually(`${count} records`, async () => {
    taken.push(...(await reader.poll(100, 100)))
    return taken.length >= count
  })
  return taken
}

/** Polls until everything up to this offset has been read, as a restore does. */
export async function readTo(reader: KafkaReader, end: PlaceAt): Promise<KafkaRecord[]> {
  const taken: KafkaRecord[] = []
  await eventually(`the end of ${word(end)}, ${end.offset}`, async () => {
    if ((reader.position(end) ?? 0) >= end.offset) return true
    taken.push(...(await reader.poll(100, 100)))
    return (reader.position(end) ?? 0) >= end.offset
  })
  return taken
}

/** All values that a reader of this isolation sees of a partition, in which no transaction may be open. */
export async function valuesOf(trial: Trial, isolation: Isolation, topic: string, partition = 0) {
  const place = { topic, partition }
  const reader = await trial.observer.reader(isolation, soon)
  const [ends] = await trial.observer.ends([place], 'uncommitted', soon)
  const records: KafkaRecord[] = []
  if (ends!.low < ends!.end) {
    reader.assign([at(place, ends!.low)])
    records.push(...(await readTo(reader, at(place, ends!.end))))
  }
  await reader.close(soon)
  return records.map(({ value }) => text(value))
}

/** Asks again and again, as often as half a minute of polls of 100 ms; each asking waits for something by itself. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) if (await holds()) return
  throw new Error(`never came: ${what}`)
}
