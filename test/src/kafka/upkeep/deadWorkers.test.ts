import { expect, test } from 'vitest'
import { systemClock } from '../../../../src/base/clock.ts'
import type { KafkaClient, KafkaReader } from '../../../../src/kafka/client.ts'
import { createDeadWorkers } from '../../../../src/kafka/upkeep/deadWorkers.ts'
import { workerRecord } from '../../../../src/kafka/workersTopic.ts'

const topic = 'workers'

/** A group, and workers that have ever been; `ended` gets the transactional id of each whose transactions are ended. */
function groupOf(workers: readonly string[], members: Set<string>, ended: (id: string) => void) {
  const records = workers.map((name, offset) => {
    const { key, value } = workerRecord(topic, name, `id-${name}`)
    return { topic, partition: 0, offset, key, value, headers: [], timestamp: 0 }
  })
  let read = 0
  const reader = {
    assign: () => (read = 0),
    position: () => read,
    poll: () => {
      read = records.length
      return Promise.resolve(records)
    },
    close: () => Promise.resolve(),
  } as unknown as KafkaReader
  const client = {
    ends: () => Promise.resolve([{ low: 0, end: records.length }]),
    reader: () => Promise.resolve(reader),
    members: () => Promise.resolve([...members].map((name) => ({ client: name, places: [] }))),
    endTransactionOf: (id: string) => {
      ended(id)
      return Promise.resolve()
    },
  } as unknown as KafkaClient
  return createDeadWorkers({ client, topic, worker: 'own', clock: systemClock, timeout: 1000, warn: () => undefined })
}

test('a worker that joins while others are ended is left alone, also where their places are freed', async () => {
  for (const look of ['endSoon', 'free'] as const) {
    const members = new Set(['own', 'member'])
    const ended: string[] = []
    const dead = groupOf(['own', 'member', 'first', 'joining', 'last'], members, (id) => {
      ended.push(id)
      members.add('joining')
    })
    if (look === 'free') await dead.free(['group'], [])
    else dead.endSoon('group')
    await expect.poll(() => ended.length).toBe(2)
    expect(ended).toEqual(['id-first', 'id-last'])
  }
})

test('a topic of the workers whose end does not come is given up: its reader may have been closed', async () => {
  const nothing = {
    assign: () => undefined,
    position: () => undefined,
    poll: () => new Promise((resolve) => setImmediate(resolve, [])),
    close: () => Promise.resolve(),
  } as unknown as KafkaReader
  const client = {
    ends: () => Promise.resolve([{ low: 0, end: 1 }]),
    reader: () => Promise.resolve(nothing),
    members: () => Promise.resolve([]),
  } as unknown as KafkaClient
  const dead = createDeadWorkers({
    client,
    topic,
    worker: 'own',
    clock: systemClock,
    timeout: 20,
    warn: () => undefined,
  })
  await expect(dead.free(['group'], [])).rejects.toMatchObject({ fault: 'unreachable' })
})
