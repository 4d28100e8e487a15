import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createTopics } from '../../../src/cli/kafka/create.ts'
import { printOverview, readOverview, shownOverview } from '../../../src/cli/kafka/overview.ts'
import { carryOut, planReset, resetApplication } from '../../../src/cli/kafka/reset.ts'
import type { KafkaClient, KafkaMember, NewRecord, Place } from '../../../src/kafka/client.ts'
import { partitionTopics, topicNames } from '../../../src/kafka/topics.ts'
import { workersTopic } from '../../../src/kafka/workersTopic.ts'
import { createSimulatedClient } from '../../../src/testing/kafka/client/client.ts'
import { createSimulation } from '../../../src/testing/kafka/simulation.ts'

const timeout = 10_000
const shards = 4
const input = 'orders.of.all'

/** A Kafka in memory, in virtual time, which passes while the test waits. */
function createKafka(): KafkaClient {
  const simulation = createSimulation(1)
  let isOver = false
  void simulation.run(() => isOver)
  onTestFinished(() => {
    isOver = true
  })
  return createSimulatedClient(simulation.process('test'))
}

/** Joins a group alone, and has all its places then. */
async function join(client: KafkaClient, worker: string, group: string, topic: string): Promise<KafkaMember> {
  const owned: Place[] = []
  const rebalance = {
    assigned: (places: readonly Place[]) => owned.push(...places),
    revoked: () => Promise.resolve(),
    lost: () => undefined,
  }
  const options = { client: worker, group, topics: [topic], sessionTimeout: 6_000, protocol: 'classic' } as const
  const member = await client.member({ ...options, ...rebalance }, timeout)
  while (owned.length === 0) await member.poll(10, 50)
  return member
}

async function write(client: KafkaClient, records: readonly Omit<NewRecord, 'key' | 'value'>[]): Promise<void> {
  const producer = await client.producer({ transactionalId: undefined, transactionTimeout: timeout }, timeout)
  for (const record of records) producer.produce({ ...record, key: Buffer.from('k'), value: Buffer.from('v') })
  await producer.flush(timeout)
  await producer.close(timeout)
}

interface Present {
  readonly names: ReturnType<typeof topicNames>
  readonly inputGroup: string
  stop(): Promise<void>
}

/** What an application makes that has run: with one worker, which reads orders and has counted some of them. */
async function begin(client: KafkaClient, application: string, worker = 'a'): Promise<Present> {
  const names = topicNames(application)
  await client.createTopics(
    [
      { name: input, partitions: 2, settings: {} },
      workersTopic(names.workers),
      ...partitionTopics(names, 'totals', shards),
    ],
    timeout,
  )
  const inputGroup = `${application}.counting.${input}`
  const owner = await join(client, worker, names.group('totals'), names.exchange('totals'))
  const reader = await join(client, worker, inputGroup, input)
  await owner.commitOffsets([{ topic: names.exchange('totals'), partition: 1, offset: 2 }], timeout)
  await reader.commitOffsets([{ topic: input, partition: 0, offset: 1 }], timeout)
  return {
    names,
    inputGroup,
    async stop() {
      await Promise.all([owner.close(timeout), reader.close(timeout)])
    },
  }
}

let printed: string[]
beforeEach(() => {
  printed = []
  const log = vi.spyOn(console, 'log').mockImplementation((line) => printed.push(String(line)))
  return () => {
    log.mockRestore()
  }
})

describe('wallarx kafka topics', () => {
  test('tells who owns which shard, what waits there, and how long its changelog is', async () => {
    const client = createKafka()
    const { names } = await begin(client, 'shop')
    const [exchange, changelog] = [names.exchange('totals'), names.changelog('totals')]
    await write(client, [
      ...Array.from({ length: 5 }, () => ({ topic: exchange, partition: 1 })),
      ...Array.from({ length: 3 }, () => ({ topic: changelog, partition: 2 })),
      { topic: input, partition: 0 },
      { topic: input, partition: 1 },
    ])
    const nothing = { owner: 'a', committed: null, lag: 0, changelog: 0 }
    const overview = await readOverview(client, 'shop')
    expect(overview).toEqual({
      application: 'shop',
      workers: ['a'],
      topics: [
        { name: 'shop.workers', partitions: 1 },
        { name: 'shop.totals.exchange', partitions: shards },
        { name: 'shop.totals.changelog', partitions: shards },
      ],
      partitions: [
        {
          name: 'totals',
          group: 'shop.totals',
          shards: [
            { ...nothing, shard: 0 },
            { ...nothing, shard: 1, committed: 2, lag: 3 },
            { ...nothing, shard: 2, changelog: 3 },
            { ...nothing, shard: 3 },
          ],
        },
      ],
      inputs: [
        {
          group: 'shop.counting.orders.of.all',
          places: [
            { topic: input, partition: 0, owner: 'a', committed: 1, lag: 0 },
            { topic: input, partition: 1, owner: 'a', committed: null, lag: 1 },
          ],
        },
      ],
    })
    expect(shownOverview(overview)).toBe(`application      shop
workers          a
topics           shop.workers (1), shop.totals.exchange (4), shop.totals.changelog (4)

state partition  totals, group shop.totals
  shard  owner  lag  changelog
      0  a        0          0
      1  a        3          0
      2  a        0          3
      3  a        0          0

input group      shop.counting.orders.of.all
  partition         owner  lag
  orders.of.all[0]  a        0
  orders.of.all[1]  a        1`)
    await printOverview(client, 'shop', true)
    expect(JSON.parse(printed.join('\n'))).toEqual(overview)
  })

  test('says where no worker is, and where a shard has none although workers run', async () => {
    const client = createKafka()
    const { stop, names } = await begin(client, 'shop')
    await stop()
    expect(shownOverview(await readOverview(client, 'shop'))).toMatch(/^workers {10}none is running$/m)
    const { partitions } = await readOverview(client, 'shop')
    expect(partitions[0]!.shards.map(({ owner }) => owner)).toEqual([null, null, null, null])
    await join(client, 'b', `shop.counting.${input}`, input)
    expect(shownOverview(await readOverview(client, 'shop'))).toMatch(/^ {2}4 shards have no owner now$/m)
    await client.deleteTopics([names.changelog('totals')], timeout) // half of it is shown all the same
    expect((await readOverview(client, 'shop')).partitions[0]!.shards).toHaveLength(shards)
  })

  test('says which applications there are where there is none of this name', async () => {
    const client = createKafka()
    await expect(readOverview(client, 'shop')).rejects.toThrow('no application "shop" on this Kafka. There is none')
    await begin(client, 'bank')
    await begin(client, 'shop.eu')
    await expect(readOverview(client, 'shop')).rejects.toThrow('There is bank, shop_eu')
  })
})

describe('wallarx kafka reset', () => {
  const there = async (client: KafkaClient) => ({
    topics: [...(await client.topics('all', timeout)).keys()].sort(),
    groups: [...(await client.groups(timeout))].sort(),
  })

  test('refuses while workers run, says which, and deletes nothing', async () => {
    const client = createKafka()
    const { stop } = await begin(client, 'shop', 'anna')
    const before = await there(client)
    await expect(resetApplication(client, 'shop', true)).rejects.toThrow('workers of shop are running: anna (in shop.')
    expect(await there(client)).toEqual(before)
    await stop()
    expect(await resetApplication(client, 'shop', true)).toBe(0)
    expect(await there(client)).toEqual({ topics: [input], groups: [] })
    expect(printed).toEqual([
      'shop begins anew. Deleted:',
      '  topic  shop.totals.exchange',
      '  topic  shop.totals.changelog',
      '  topic  shop.workers',
      '  group  shop.totals',
      `  group  shop.counting.${input}`,
      `What stays: input topics (${input}) and output topics, with all that is in them.`,
      'Not known here: groups that a source was given with its option group.',
      'Local caches of workers are of no use any more: they are dropped at the next start.',
    ])
  })

  test('a worker that joins after the look ends it before anything of the state is gone', async () => {
    const client = createKafka()
    const { stop, names } = await begin(client, 'shop')
    await stop()
    const plan = await planReset(client, 'shop')
    const before = await there(client)
    await join(client, 'b', names.group('totals'), names.exchange('totals'))
    await expect(carryOut(client, plan)).rejects.toMatchObject({ fault: 'occupied' })
    expect(await there(client)).toEqual(before)
  })

  const applications = ['shop', 'shop.eu', 'shop.eu.west', 'shopping', 'op'] as const
  test.each(applications)('of %s touches nothing of an application with another name', async (application) => {
    const client = createKafka()
    const all = []
    for (const name of applications) all.push({ name, ...(await begin(client, name)) })
    await Promise.all(all.map(({ stop }) => stop()))
    const before = await there(client)
    await resetApplication(client, application, true)
    const { names, inputGroup } = all.find(({ name }) => name === application)!
    const [exchange, changelog] = [names.exchange('totals'), names.changelog('totals')]
    expect(await there(client)).toEqual({
      topics: before.topics.filter((topic) => ![exchange, changelog, names.workers].includes(topic)),
      groups: before.groups.filter((group) => ![names.group('totals'), inputGroup].includes(group)),
    })
  })

  test('one that was broken off anywhere is finished by another one', async () => {
    for (let calls = 0; calls < 5; calls++) {
      const client = createKafka()
      const { stop } = await begin(client, 'shop')
      await stop()
      let left = calls
      const breaking =
        <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
        (...args: Args): Promise<Result> =>
          left-- > 0 ? work(...args) : Promise.reject(new Error('broken off'))
      const { deleteGroups, deleteTopics } = client
      const broken = { ...client, deleteGroups: breaking(deleteGroups), deleteTopics: breaking(deleteTopics) }
      await expect(resetApplication(broken, 'shop', true)).rejects.toThrow('broken off')
      expect(await resetApplication(client, 'shop', true)).toBe(0)
      expect(await there(client)).toEqual({ topics: [input], groups: [] })
    }
  })
})

test('wallarx kafka create makes what is missing, and says what there is', async () => {
  const client = createKafka()
  await client.createTopics([{ name: 'lines', partitions: 3, settings: {} }], timeout)
  expect(await createTopics(client, ['lines', 'words', 'words'], { partitions: 1, replication: undefined })).toBe(0)
  expect(printed).toEqual(['made topic words, 1 partition', 'topic lines is there, 3 partitions'])
  const made = await client.topics('all', timeout)
  expect(new Map([...made].map(([name, { partitions }]) => [name, { partitions }]))).toEqual(
    new Map([
      ['lines', { partitions: 3 }],
      ['words', { partitions: 1 }],
    ]),
  )
})
