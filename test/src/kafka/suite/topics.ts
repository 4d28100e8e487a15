import { expect } from 'vitest'
import { at, eventually, placesOf, record, soon, valuesOf, write, type Law } from './trial.ts'

/** Topics, and the ends of their partitions. */
export function topicLaws(law: Law): void {
  law('a topic is made with its partitions, and found', async (trial) => {
    const topic = await trial.topic(3, { 'cleanup.policy': 'compact' })
    expect(await trial.observer.topics([topic, trial.name('missing')], soon)).toEqual(
      new Map([[topic, { partitions: 3 }]]),
    )
    expect(await trial.observer.topics([], soon)).toEqual(new Map())
  })

  law('all topics are told, until they are deleted', async (trial) => {
    const [topic, other] = [await trial.topic(2), await trial.topic()]
    const all = await trial.observer.topics('all', soon)
    expect([topic, other].map((name) => all.get(name)?.partitions)).toEqual([2, 1])
    await trial.observer.deleteTopics([other], soon)
    const left = await trial.observer.topics('all', soon)
    expect([topic, other].map((name) => left.has(name))).toEqual([true, false])
  })

  law('a topic that exists is no error, and stays as it is', async (trial) => {
    const topic = await trial.topic(3)
    const other = trial.name('topic')
    const topics = [topic, other].map((name) => ({ name, partitions: 5, settings: {} }))
    await trial.observer.createTopics(topics, soon)
    const found = await trial.observer.topics([topic, other], soon)
    expect([topic, other].map((name) => found.get(name)?.partitions)).toEqual([3, 5])
  })

  law('a topic that cannot be made says why', async (trial) => {
    const name = trial.name('topic')
    const setting = trial.observer.createTopics([{ name, partitions: 1, settings: { 'cleanup.policy': 'x' } }], soon)
    await expect(setting).rejects.toMatchObject({ name: 'KafkaError', fault: 'invalid' })
    const replicas = trial.observer.createTopics([{ name, partitions: 1, settings: {}, replicationFactor: 9 }], soon)
    await expect(replicas).rejects.toMatchObject({ name: 'KafkaError', fault: 'invalid' })
    expect((await trial.observer.topics([name], soon)).size).toBe(0)
  })

  law('a topic is deleted; one that is not there is missing', async (trial) => {
    const topic = await trial.topic()
    await trial.observer.deleteTopics([topic], soon)
    expect((await trial.observer.topics([topic], soon)).size).toBe(0)
    await expect(trial.observer.deleteTopics([topic], soon)).rejects.toMatchObject({ fault: 'missing' })
  })

  law('the ends of an empty partition are 0 and 0', async (trial) => {
    const topic = await trial.topic(2)
    for (const isolation of ['committed', 'uncommitted'] as const) {
      expect(await trial.observer.ends(placesOf(topic, 2), isolation, soon)).toEqual([
        { low: 0, end: 0 },
        { low: 0, end: 0 },
      ])
    }
  })

  law('the ends of a partition that does not exist are missing', async (trial) => {
    const topic = await trial.topic()
    for (const place of [
      { topic, partition: 7 },
      { topic: trial.name('missing'), partition: 0 },
    ]) {
      await expect(trial.observer.ends([place], 'uncommitted', soon)).rejects.toMatchObject({ fault: 'missing' })
    }
  })

  law('the last stable offset stands before an open transaction, the end of the log behind it', async (trial) => {
    const topic = await trial.topic()
    await write(trial, topic, ['a', 'b'])
    const producer = await trial.producer()
    await producer.begin()
    producer.produce(record(topic, 'c'))
    await producer.flush(soon)
    const places = placesOf(topic, 1)
    expect(await trial.observer.ends(places, 'committed', soon)).toEqual([{ low: 0, end: 2 }])
    expect(await trial.observer.ends(places, 'uncommitted', soon)).toEqual([{ low: 0, end: 3 }])
    await producer.commit(soon)
    // The marker comes a little later, and has an offset too.
    await eventually('the marker', async () => {
      const [ends] = await trial.observer.ends(places, 'committed', soon)
      return ends!.end !== 2
    })
    expect(await trial.observer.ends(places, 'committed', soon)).toEqual([{ low: 0, end: 4 }])
  })

  law('offsets are found by time', async (trial) => {
    const topic = await trial.topic()
    const producer = await trial.observer.producer({ transactionalId: undefined, transactionTimeout: 10_000 }, soon)
    for (const timestamp of [1_000, 2_000, 3_000]) producer.produce(record(topic, 'a', { timestamp }))
    await producer.flush(soon)
    const place = { topic, partition: 0 }
    const found = [0, 1_000, 1_001, 3_000].map((time) => trial.observer.offsetsAt([place], time, soon))
    expect(await Promise.all(found)).toEqual([[0], [0], [1], [2]])
    // none is so young: the end of the log
    expect(await trial.observer.offsetsAt([place], 3_001, soon)).toEqual([3])
  })

  law('records are deleted before an offset', async (trial) => {
    const topic = await trial.topic(2)
    await write(trial, topic, ['a', 'b', 'c'])
    await write(trial, topic, ['d'], 1)
    await trial.observer.deleteBefore([at({ topic, partition: 0 }, 2), at({ topic, partition: 1 }, 1)], soon)
    expect(await trial.observer.ends(placesOf(topic, 2), 'uncommitted', soon)).toEqual([
      { low: 2, end: 3 },
      { low: 1, end: 1 },
    ])
    expect(await valuesOf(trial, 'committed', topic)).toEqual(['c'])
  })
}
