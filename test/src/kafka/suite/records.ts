import { expect } from 'vitest'
import { at, bytes, record, soon, take, text, transact, valuesOf, write, type Law } from './trial.ts'

/** What becomes of a record. */
export function recordLaws(law: Law): void {
  law('a record comes as it was written', async (trial) => {
    const topic = await trial.topic()
    const headers = [
      ['trace', bytes('one')],
      ['trace', bytes('two')],
      ['empty', bytes('')],
      ['bytes', Uint8Array.of(0, 255, 128)],
    ] as const
    const producer = await trial.producer()
    await transact(producer, 'commit', [
      { topic, partition: 0, key: bytes('key'), value: bytes('value'), headers, timestamp: 1_700_000_000_123 },
      { topic, partition: 0, key: bytes(''), value: bytes('') },
      { topic, partition: 0, key: null, value: null },
    ])
    const reader = await trial.reader()
    reader.assign([{ topic, partition: 0, offset: 0 }])
    const [full, empty, none] = await take(reader, 3)
    expect(full).toMatchObject({ topic, partition: 0, offset: 0, timestamp: 1_700_000_000_123 })
    expect([text(full!.key), text(full!.value)]).toEqual(['key', 'value'])
    expect(full!.headers.map(([name, value]) => [name, [...value]])).toEqual(
      headers.map(([name, value]) => [name, [...value]]),
    )
    expect([text(empty!.key), text(empty!.value), empty!.headers]).toEqual(['', '', []])
    expect([none!.key, none!.value, none!.offset]).toEqual([null, null, 2])
  })

  law('the bytes of a record may be used again at once', async (trial) => {
    const topic = await trial.topic()
    const producer = await trial.producer()
    const value = Buffer.from('before')
    await producer.begin()
    producer.produce({ topic, partition: 0, key: null, value })
    value.write('AFTER!')
    await producer.commit(soon)
    expect(await valuesOf(trial, 'committed', topic)).toEqual(['before'])
  })

  law('records of a partition keep their order', async (trial) => {
    const topic = await trial.topic(2)
    const producer = await trial.producer()
    const values = Array.from({ length: 500 }, (_, index) => String(index))
    await transact(
      producer,
      'commit',
      values.map((value, index) => record(topic, value, { partition: index % 2 })),
    )
    for (const partition of [0, 1]) {
      expect(await valuesOf(trial, 'committed', topic, partition)).toEqual(
        values.filter((_, index) => index % 2 === partition),
      )
    }
  })

  law('a producer without transactions shows its records when it has flushed', async (trial) => {
    const topic = await trial.topic()
    await write(trial, topic, ['a', 'b'])
    expect(await valuesOf(trial, 'committed', topic)).toEqual(['a', 'b'])
  })

  law('where there is no room a record is not taken, and all come in their order', async (trial) => {
    const topic = await trial.topic()
    const producer = await trial.observer.producer({ transactionalId: undefined, transactionTimeout: 10_000 }, soon)
    for (let index = 0; index < 150_000; index++) {
      const one = record(topic, String(index))
      while (!producer.produce(one)) await producer.drained()
    }
    await producer.flush(soon)
    const [ends] = await trial.observer.ends([{ topic, partition: 0 }], 'uncommitted', soon)
    expect(ends).toEqual({ low: 0, end: 150_000 })
    const reader = await trial.reader()
    reader.assign([{ topic, partition: 0, offset: 149_990 }])
    expect((await take(reader, 10)).map(({ value }) => text(value))).toEqual(
      Array.from({ length: 10 }, (_, index) => String(149_990 + index)),
    )
  })

  law('a record larger than its topic lets pass is too large, and nothing of its transaction shows', async (trial) => {
    const topic = await trial.topic(1, { 'max.message.bytes': '10000' })
    const id = trial.name('id')
    const producer = await trial.producer(id)
    const tooLarge = async (): Promise<void> => {
      await producer.begin()
      producer.produce(record(topic, 'small'))
      producer.produce({ topic, partition: 0, key: null, value: incompressible(20_000) })
      await producer.commit(soon)
    }
    await expect(tooLarge()).rejects.toMatchObject({ name: 'KafkaError', fault: 'too large' })
    await producer.abort(soon)
    await producer.close(soon)
    await transact(await trial.producer(id), 'commit', [record(topic, 'after')])
    expect(await valuesOf(trial, 'committed', topic)).toEqual(['after'])
  })

  law('offsets that follow a record which was too large are refused for it', async (trial) => {
    const topic = await trial.topic(1, { 'max.message.bytes': '10000' })
    const member = await trial.observer.member(
      {
        client: 'one',
        group: trial.name('group'),
        topics: [topic],
        sessionTimeout: 6_000,
        protocol: 'classic',
        assigned: () => undefined,
        revoked: () => Promise.resolve(),
        lost: () => undefined,
      },
      soon,
    )
    const producer = await trial.observer.producer(
      { transactionalId: trial.name('id'), transactionTimeout: 10_000 },
      soon,
    )
    await producer.begin()
    producer.produce({ topic, partition: 0, key: null, value: incompressible(20_000) })
    await trial.elapse(1_000)
    const sending = producer.sendOffsets([{ topic, partition: 0, offset: 0 }], member, soon)
    await expect(sending).rejects.toMatchObject({ name: 'KafkaError', fault: 'too large' })
    await producer.abort(soon)
  })

  law('a partition that does not exist is missing', async (trial) => {
    const topic = await trial.topic()
    const producer = await trial.producer()
    await transact(producer, 'commit', [record(topic, 'a')])
    const missing = async (): Promise<void> => {
      await producer.begin()
      producer.produce(record(topic, 'b', { partition: 5 }))
      await producer.commit(soon)
    }
    await expect(missing()).rejects.toMatchObject({ name: 'KafkaError', fault: 'missing' })
  })

  law('what is read from an offset on begins there', async (trial) => {
    const topic = await trial.topic()
    await write(trial, topic, ['a', 'b', 'c', 'd'])
    const reader = await trial.reader()
    reader.assign([at({ topic, partition: 0 }, 2)])
    expect((await take(reader, 2)).map(({ value, offset }) => [text(value), offset])).toEqual([
      ['c', 2],
      ['d', 3],
    ])
  })
}

function incompressible(length: number): Uint8Array {
  let seed = 1
  return Uint8Array.from({ length }, () => (seed = (seed * 16_807) % 2_147_483_647) & 255)
}
