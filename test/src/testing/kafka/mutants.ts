import { pack, unpack } from '../../../../src/cluster/pack.ts'
import type { KafkaClient, KafkaMember, KafkaProducer, NewRecord, PlaceAt } from '../../../../src/kafka/client.ts'
import { idOf } from '../../../../src/kafka/place.ts'
import type { Through } from '../../../../src/testing/cluster/simulateThrough.ts'

/** What is wrong with a worker, planted between it and its client. Made anew for each run. */
export type Mutant = () => Through

type Change<Thing> = (made: Thing) => Partial<Thing>

export const withProducer =
  (change: Change<KafkaProducer>) =>
  (client: KafkaClient): KafkaClient => ({
    ...client,
    async producer(options, timeout) {
      const made = await client.producer(options, timeout)
      return { ...made, ...change(made) }
    },
  })

/** A member must be the one that the client knows: what is changed is changed in place. */
export const withMember =
  (change: (made: KafkaMember, group: string) => Partial<KafkaMember>) =>
  (client: KafkaClient): KafkaClient => ({
    ...client,
    async member(options, timeout) {
      const made = await client.member(options, timeout)
      return Object.assign(made, change({ ...made }, options.group))
    },
  })

const isExchange = ({ topic }: Pick<NewRecord, 'topic'>): boolean => topic.endsWith('.exchange')
const isChangelog = ({ topic }: Pick<NewRecord, 'topic'>): boolean => topic.endsWith('.changelog')

/** Holds some records back until the next transaction is being ended, and writes them behind those of that one. */
const delayed = (isDelayed: (record: NewRecord) => boolean) => () =>
  withProducer((producer) => {
    let held: NewRecord[] = []
    let now: NewRecord[] = []
    return {
      produce(record) {
        if (!isDelayed(record)) return producer.produce(record)
        now.push(record)
        return true
      },
      async commit(timeout) {
        for (const record of held) producer.produce(record)
        held = now
        now = []
        await producer.commit(timeout)
        if (held.length === 0) return
        await producer.begin()
        for (const record of held) producer.produce(record)
        held = []
        await producer.commit(timeout)
      },
    }
  })

const recordsFirst = withProducer((producer) => {
  let due: Parameters<KafkaProducer['sendOffsets']>[] = []
  return {
    begin() {
      due = []
      return producer.begin()
    },
    sendOffsets(...offsets) {
      due.push(offsets)
      return Promise.resolve()
    },
    async commit(timeout) {
      for (const offsets of due) await producer.sendOffsets(...offsets)
      await producer.commit(timeout)
    },
  }
})

export const mutants: Readonly<Record<string, Mutant>> = {
  'a commit before what belongs to it is flushed': delayed((record) => !isExchange(record)),

  'packs that follow the commit of where they came from': delayed(isExchange),

  // Where offsets go ahead of records, whoever takes over waits for them, and the log is stable then.
  'a restore to the last stable offset instead of the end of the log, and records ahead of offsets':
    () => (client) => ({
      ...recordsFirst(client),
      ends: (places, _, timeout) => client.ends(places, 'committed', timeout),
    }),

  'no restore': () => (client) => ({
    ...client,
    async ends(places, isolation, timeout) {
      const found = await client.ends(places, isolation, timeout)
      return found.map((one, at) => (isChangelog(places[at]!) ? { low: one.end, end: one.end } : one))
    },
  }),

  'a restore of what was aborted': () => (client) => ({
    ...client,
    reader: (_, timeout) => client.reader('uncommitted', timeout),
  }),

  'positions of an aborted transaction': () => {
    const sent = new Map<string, number>()
    const groups = new Map<KafkaMember, string>()
    return (client) => ({
      ...withProducer((producer) => ({
        async sendOffsets(offsets, member, timeout) {
          await producer.sendOffsets(offsets, member, timeout)
          for (const { offset, ...place } of offsets) sent.set(`${groups.get(member)!} ${idOf(place)}`, offset)
        },
      }))(client),
      async member(options, timeout) {
        const made = await client.member(options, timeout)
        groups.set(made, options.group)
        const { committed } = made
        return Object.assign(made, {
          committed: async (...[places, limit]: Parameters<typeof committed>) => {
            const found = await committed(places, limit)
            return places.map((place, at) => sent.get(`${options.group} ${idOf(place)}`) ?? found[at])
          },
        })
      },
    })
  },

  'offsets without generation': () => (client, broker) => ({
    ...client,
    async member(options, timeout) {
      const group = options.protocol === 'classic' ? broker.classic(options.group) : broker.consumer(options.group)
      Object.assign(group, { check: () => undefined })
      return client.member(options, timeout)
    },
  }),

  'committed offsets while a transaction is open': () => (client, broker) =>
    withMember((_, group) => ({
      committed: (places) => Promise.resolve(places.map((place) => broker.offsets(group).at(place))),
    }))(client),

  'an entity that is not dropped when its shard goes': () => (client) => ({
    ...client,
    member: (options, timeout) => client.member({ ...options, revoked: () => Promise.resolve() }, timeout),
  }),

  'a rejoin with the state of before': () => (client) => ({
    ...client,
    member: (options, timeout) => client.member({ ...options, lost: () => undefined }, timeout),
  }),

  'a pack for another step': () =>
    withProducer((producer) => ({
      produce(record) {
        if (!isExchange(record) || record.value === null) return producer.produce(record)
        const one = unpack(Buffer.from(record.value))
        return producer.produce({ ...record, value: pack({ ...one, step: one.step.replace(/#2$/, '') }) })
      },
    })),

  'tombstones that are forgotten': () =>
    withProducer((producer) => ({
      produce: (record) => (isChangelog(record) && record.value === null ? true : producer.produce(record)),
    })),

  'packs that overtake each other': () => {
    const held = new Map<string, NewRecord>()
    return withProducer((producer) => ({
      produce(record) {
        if (!isExchange(record)) return producer.produce(record)
        const id = idOf(record)
        const before = held.get(id)
        if (before === undefined && record.partition % 2 === 0) {
          held.set(id, record)
          return true
        }
        held.delete(id)
        return producer.produce(record) && (before === undefined || producer.produce(before))
      },
    }))
  },

  'outputs beside the transaction': () => (client) => ({
    ...client,
    async producer(options, timeout) {
      const made = await client.producer(options, timeout)
      const beside = await client.producer({ ...options, transactionalId: undefined }, timeout)
      return {
        ...made,
        produce: (record) => (record.topic === 'output' ? beside : made).produce(record),
        async commit(limit) {
          await beside.flush(limit)
          await made.commit(limit)
        },
      }
    },
  }),

  'offsets that are sent before what is behind them is done': () =>
    withProducer((producer) => ({
      sendOffsets: (offsets: readonly PlaceAt[], member, timeout) =>
        producer.sendOffsets(
          offsets.map((at) => ({ ...at, offset: at.offset + 1 })),
          member,
          timeout,
        ),
    })),
}
