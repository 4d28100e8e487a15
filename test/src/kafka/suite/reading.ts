import { expect } from 'vitest'
import type { KafkaRecord, PlaceAt } from '../../../../src/kafka/client.ts'
import { at, eventually, readTo, record, soon, take, text, transact, write, type Law, type Trial } from './trial.ts'

const values = (records: readonly KafkaRecord[]): unknown[] => records.map(({ value }) => text(value))

/** Readers: assignment by hand, holds, and where a partition ends. */
export function readingLaws(law: Law): void {
  law('a paused place gives nothing until it is resumed, and then all', async (trial) => {
    const topic = await trial.topic(2)
    const [first, second] = [
      { topic, partition: 0 },
      { topic, partition: 1 },
    ] as const
    await write(trial, topic, ['a', 'b'], 0)
    const reader = await trial.reader()
    reader.assign([at(first, 0), at(second, 0)])
    reader.pause([first])
    await write(trial, topic, ['x', 'y'], 1)
    expect(values(await take(reader, 2))).toEqual(['x', 'y'])
    expect(await reader.poll(100, 200)).toEqual([])
    reader.resume([first])
    expect(values(await take(reader, 2))).toEqual(['a', 'b'])
  })

  law('nothing comes of a place that is not read any more', async (trial) => {
    const topic = await trial.topic(2)
    await write(trial, topic, ['a'], 0)
    const reader = await trial.reader()
    reader.assign([at({ topic, partition: 0 }, 0), at({ topic, partition: 1 }, 0)])
    expect(values(await take(reader, 1))).toEqual(['a'])
    reader.unassign([{ topic, partition: 0 }])
    await write(trial, topic, ['b'], 0)
    await write(trial, topic, ['x'], 1)
    expect(values(await take(reader, 1))).toEqual(['x'])
    reader.assign([at({ topic, partition: 0 }, 1)])
    expect(values(await take(reader, 1))).toEqual(['b'])
  })

  law('a place is sought, forwards and backwards, paused or not', async (trial) => {
    const topic = await trial.topic()
    const place = { topic, partition: 0 }
    await write(trial, topic, ['a', 'b', 'c', 'd'])
    const reader = await trial.reader()
    reader.assign([at(place, 0)])
    await reader.seek(at(place, 2))
    expect(values(await take(reader, 2))).toEqual(['c', 'd'])
    reader.pause([place])
    await reader.seek(at(place, 1))
    expect(await reader.poll(100, 100)).toEqual([])
    reader.resume([place])
    expect(values(await take(reader, 3))).toEqual(['b', 'c', 'd'])
  })

  law('a poll gives no more records than it is asked for', async (trial) => {
    const topic = await trial.topic()
    await write(
      trial,
      topic,
      Array.from({ length: 20 }, (_, index) => String(index)),
    )
    const reader = await trial.reader()
    reader.assign([at({ topic, partition: 0 }, 0)])
    const taken: KafkaRecord[] = []
    await eventually('all records', async () => {
      const some = await reader.poll(3, 100)
      expect(some.length).toBeLessThanOrEqual(3)
      taken.push(...some)
      return taken.length >= 20
    })
    expect(taken.map(({ offset }) => offset)).toEqual([...taken.keys()])
  })

  law('an offset that is not there any more, or not yet, is gone', async (trial) => {
    const topic = await trial.topic()
    const place = { topic, partition: 0 }
    await write(trial, topic, ['a', 'b', 'c'])
    await trial.observer.deleteBefore([at(place, 2)], soon)
    for (const offset of [0, 7]) {
      const reader = await trial.reader()
      reader.assign([at(place, offset)])
      await expect(take(reader, 1)).rejects.toMatchObject({ name: 'KafkaError', fault: 'gone' })
      await reader.close(soon)
    }
  })

  law('a reader of committed records waits before an open transaction, one of all does not', async (trial) => {
    const topic = await trial.topic()
    const place = { topic, partition: 0 }
    const producer = await trial.producer()
    await producer.begin()
    producer.produce(record(topic, 'open'))
    await producer.flush(soon)
    await write(trial, topic, ['behind'])
    const [committed, all] = [await trial.reader('committed'), await trial.reader('uncommitted')]
    committed.assign([at(place, 0)])
    all.assign([at(place, 0)])
    expect(values(await take(all, 2))).toEqual(['open', 'behind'])
    expect(await committed.poll(100, 300)).toEqual([])
    await producer.commit(soon)
    expect(values(await take(committed, 2))).toEqual(['open', 'behind'])
  })

  endLaws(law)
}

/** The ends that a changelog can have. A restore is done when `low >= end`, or the position has come to the end. */
function endLaws(law: Law): void {
  const restored = async (trial: Trial, topic: string, meanwhile?: () => Promise<unknown>) => {
    const place = { topic, partition: 0 }
    const [ends] = await trial.observer.ends([place], 'uncommitted', soon)
    const { low, end } = ends!
    const reader = await trial.reader()
    const [records] = await Promise.all([low >= end ? [] : readFrom(at(place, low), at(place, end)), meanwhile?.()])
    return { low, end, values: values(records), position: reader.position(place) }

    async function readFrom(from: PlaceAt, to: PlaceAt): Promise<KafkaRecord[]> {
      reader.assign([from])
      expect(reader.position(from)).toBeUndefined()
      return readTo(reader, to)
    }
  }

  law('end of a changelog: empty', async (trial) => {
    const topic = await trial.topic()
    expect(await restored(trial, topic)).toEqual({ low: 0, end: 0, values: [], position: undefined })
  })

  law('end of a changelog: a commit', async (trial) => {
    const topic = await trial.topic()
    const producer = await trial.producer()
    await transact(producer, 'commit', [record(topic, 'a'), record(topic, 'b')])
    await producer.close(soon)
    expect(await restored(trial, topic)).toMatchObject({ low: 0, values: ['a', 'b'] })
  })

  law('end of a changelog: an abort', async (trial) => {
    const topic = await trial.topic()
    const producer = await trial.producer()
    await transact(producer, 'commit', [record(topic, 'a'), record(topic, 'b')])
    await transact(producer, 'abort', [record(topic, 'c')])
    expect(await restored(trial, topic)).toMatchObject({ low: 0, values: ['a', 'b'] })
  })

  law('end of a changelog: nothing but aborted records', async (trial) => {
    const topic = await trial.topic()
    await transact(await trial.producer(), 'abort', [record(topic, 'a'), record(topic, 'b')])
    expect(await restored(trial, topic)).toMatchObject({ low: 0, values: [] })
  })

  law('end of a changelog: all records deleted', async (trial) => {
    const topic = await trial.topic()
    await write(trial, topic, ['a', 'b', 'c'])
    await trial.observer.deleteBefore([{ topic, partition: 0, offset: 3 }], soon)
    expect(await restored(trial, topic)).toEqual({ low: 3, end: 3, values: [], position: undefined })
  })

  law('end of a changelog: the open transaction of a dead one in front, which its timeout ends', async (trial) => {
    const topic = await trial.topic()
    const dead = await trial.producer(trial.name('dead'), 3_000)
    await dead.begin()
    dead.produce(record(topic, 'dead'))
    await dead.flush(soon)
    await transact(await trial.producer(), 'commit', [record(topic, 'a'), record(topic, 'b')])
    expect(await restored(trial, topic, () => trial.elapse(4_000))).toMatchObject({ low: 0, values: ['a', 'b'] })
    await expect(dead.commit(soon)).rejects.toMatchObject({ name: 'KafkaError', fault: 'fenced' })
  })

  law('end of a changelog: the open transaction of a dead one, which another ends by its id', async (trial) => {
    const topic = await trial.topic()
    const id = trial.name('dead')
    const dead = await trial.producer(id, 60_000)
    await dead.begin()
    dead.produce(record(topic, 'dead'))
    await dead.flush(soon)
    const ending = (): Promise<void> => trial.observer.endTransactionOf(id, [], soon)
    expect(await restored(trial, topic, ending)).toMatchObject({ low: 0, end: 1, values: [] })
    await expect(dead.commit(soon)).rejects.toMatchObject({ name: 'KafkaError', fault: 'fenced' })
  })

  law('end of a changelog: tombstones', async (trial) => {
    const topic = await trial.topic(1, { 'cleanup.policy': 'compact' })
    const key = Buffer.from('key')
    const producer = await trial.producer()
    await transact(producer, 'commit', [record(topic, 'a', { key }), record(topic, null, { key })])
    expect(await restored(trial, topic)).toMatchObject({ low: 0, values: ['a', null] })
  })

  law('places that stand still are freed, and show nothing', async (trial) => {
    const topic = await trial.topic()
    const id = trial.name('id')
    const dead = await trial.producer(id)
    await dead.begin()
    dead.produce(record(topic, 'dead'))
    await dead.flush(soon)
    await trial.observer.endTransactionOf(id, [{ topic, partition: 0 }], soon)
    expect(await restored(trial, topic)).toMatchObject({ low: 0, values: [] })
  })
  law('who goes on reading what has been closed gets nothing, and leaves the time to others', async (trial) => {
    const topic = await trial.topic()
    await write(trial, topic, ['a'])
    const reader = await trial.reader()
    reader.assign([at({ topic, partition: 0 }, 0)])
    await reader.close(soon)
    let others = false
    void trial.elapse(20).then(() => (others = true))
    while (!others) expect(await reader.poll(100, 100)).toEqual([])
  })
}
