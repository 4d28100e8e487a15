import { expect, test } from 'vitest'
import type { LibraryAdmin, LibraryError, LibraryHandle } from '../../../../src/kafka/confluent/library.ts'
import { createHandle } from '../../../../src/kafka/confluent/handle.ts'
import { createTopics, type Topics } from '../../../../src/kafka/confluent/topics.ts'

const transportFailure = -195
const unknownTopic = 3

/** Topics of a broker whose connection breaks once under each call, before or after it has done what it was asked. */
function breaking(isDone: boolean): { topics: Topics; there: Set<string>; calls: string[] } {
  const there = new Set<string>()
  const calls: string[] = []
  const broken = new Set<string>()
  type Answer = (error: LibraryError | null, value?: unknown) => void
  const answer = (name: string, done: Answer, work: () => unknown): void => {
    calls.push(name)
    const breaks = !broken.has(name)
    broken.add(name)
    const value = breaks && !isDone ? undefined : work()
    const error = breaks ? transportFailure : typeof value === 'number' ? value : undefined
    queueMicrotask(() => {
      if (error === undefined) done(null, value)
      else done(Object.assign(new Error('broken'), { code: error }))
    })
  }
  const admin = {
    createTopic: ({ topic }: { topic: string }, _: number, done: Answer) =>
      answer('create', done, () => void there.add(topic)),
    deleteTopic: (topic: string, _: number, done: Answer) =>
      answer('delete', done, () => (there.delete(topic) ? undefined : unknownTopic)),
    describeTopics: (names: readonly string[], _: unknown, done: Answer) =>
      answer('describe', done, () =>
        names.map((name) => ({
          name,
          partitions: [{}],
          ...(!there.has(name) && { error: Object.assign(new Error('missing'), { code: unknownTopic }) }),
        })),
      ),
  } as unknown as LibraryAdmin
  const native = { on: () => undefined } as unknown as LibraryHandle
  return { topics: createTopics(native, createHandle(native, 'broker'), admin), there, calls }
}

test.each([false, true])('a broker that ends while it is asked is asked again (done before: %s)', async (isDone) => {
  const { topics, there, calls } = breaking(isDone)
  await topics.createTopics([{ name: 'one', partitions: 1, settings: {} }], 5000)
  expect([...there]).toEqual(['one'])
  expect((await topics.topics(['one', 'other'], 5000)).size).toBe(1)
  await topics.deleteTopics(['one'], 5000)
  expect([...there]).toEqual([])
  expect(calls.filter((name) => name === 'create')).toHaveLength(2)
  expect(calls.filter((name) => name === 'delete')).toHaveLength(2)
})

test('a topic that is not there is missing when it is deleted', async () => {
  const { topics } = breaking(true)
  await topics.createTopics([{ name: 'one', partitions: 1, settings: {} }], 5000)
  await topics.deleteTopics(['one'], 5000)
  await expect(topics.deleteTopics(['one'], 5000)).rejects.toMatchObject({ fault: 'missing', number: unknownTopic })
})
