import { expect } from 'vitest'
import { at, eventually, record, soon, take, text, transact, valuesOf, type Law } from './trial.ts'

/** What transactions show, and whom they shut out. */
export function transactionLaws(law: Law): void {
  law('committed records are seen, aborted ones only by who wants to see all', async (trial) => {
    const topic = await trial.topic()
    const producer = await trial.producer()
    await transact(producer, 'commit', [record(topic, 'a'), record(topic, 'b')])
    await transact(producer, 'abort', [record(topic, 'c')])
    await transact(producer, 'commit', [record(topic, 'd')])
    expect(await valuesOf(trial, 'committed', topic)).toEqual(['a', 'b', 'd'])
    expect(await valuesOf(trial, 'uncommitted', topic)).toEqual(['a', 'b', 'c', 'd'])
  })

  law('a transaction is committed in all its partitions', async (trial) => {
    const topic = await trial.topic(3)
    const producer = await trial.producer()
    await transact(
      producer,
      'commit',
      [0, 1, 2].map((partition) => record(topic, `at ${partition}`, { partition })),
    )
    for (const partition of [0, 1, 2]) {
      expect(await valuesOf(trial, 'committed', topic, partition)).toEqual([`at ${partition}`])
    }
  })

  law('a transaction of nothing is committed and aborted', async (trial) => {
    const producer = await trial.producer()
    await transact(producer, 'commit', [])
    await transact(producer, 'abort', [])
    await transact(producer, 'commit', [])
  })

  law('a second producer with the same id ends the transaction of the first, and fences it', async (trial) => {
    const topic = await trial.topic()
    const id = trial.name('id')
    const first = await trial.producer(id)
    await first.begin()
    first.produce(record(topic, 'first'))
    await first.flush(soon)
    const second = await trial.producer(id)
    await transact(second, 'commit', [record(topic, 'second')])
    await expect(first.commit(soon)).rejects.toMatchObject({ name: 'KafkaError', fault: 'fenced' })
    expect(await valuesOf(trial, 'committed', topic)).toEqual(['second'])
  })

  law('a transaction that is open for longer than its timeout is aborted, and its producer fenced', async (trial) => {
    const topic = await trial.topic()
    const producer = await trial.producer(trial.name('id'), 2_000)
    await producer.begin()
    producer.produce(record(topic, 'a'))
    await producer.flush(soon)
    await eventually('the abort', async () => {
      await trial.elapse(500)
      const [ends] = await trial.observer.ends([{ topic, partition: 0 }], 'committed', soon)
      return ends!.end === 2
    })
    await expect(producer.commit(soon)).rejects.toMatchObject({ name: 'KafkaError', fault: 'fenced' })
    expect(await valuesOf(trial, 'committed', topic)).toEqual([])
  })

  law('what a transaction has written is seen when it is committed, and not before', async (trial) => {
    const topic = await trial.topic()
    const place = { topic, partition: 0 }
    const producer = await trial.producer()
    const reader = await trial.reader()
    reader.assign([at(place, 0)])
    for (const value of ['a', 'b']) {
      await producer.begin()
      producer.produce(record(topic, value))
      await producer.flush(soon)
      expect(await reader.poll(100, 200)).toEqual([])
      await producer.commit(soon)
      expect((await take(reader, 1)).map((one) => text(one.value))).toEqual([value])
    }
  })

  law('the transaction of a dead producer is ended by its id, that of a living one too', async (trial) => {
    const topic = await trial.topic()
    const id = trial.name('id')
    const living = await trial.producer(id, 60_000)
    await living.begin()
    living.produce(record(topic, 'a'))
    await living.flush(soon)
    await trial.observer.endTransactionOf(id, [], soon)
    expect(await valuesOf(trial, 'committed', topic)).toEqual([])
    await expect(living.commit(soon)).rejects.toMatchObject({ name: 'KafkaError', fault: 'fenced' })
    // Two may do so at the same time, and also where there is nothing to end.
    await Promise.all([1, 2].map(() => trial.client().endTransactionOf(id, [], soon)))
    await transact(await trial.producer(id), 'commit', [record(topic, 'b')])
    expect(await valuesOf(trial, 'committed', topic)).toEqual(['b'])
  })

  law('a producer that was fenced says so from then on', async (trial) => {
    const topic = await trial.topic()
    const id = trial.name('id')
    const first = await trial.producer(id)
    await trial.producer(id)
    await first.begin()
    first.produce(record(topic, 'a'))
    await expect(first.commit(soon)).rejects.toMatchObject({ name: 'KafkaError', fault: 'fenced' })
    await expect(first.begin()).rejects.toMatchObject({ name: 'KafkaError', fault: 'fenced' })
  })
}
