import { expect, inject, onTestFinished, test } from 'vitest'
import { confluentClient } from '../../src/kafka/confluent/confluent.ts'
import { startNode, type Program } from '../support/processes.ts'
import { settled } from './shards.ts'
import { createWordCount, feed, follow, timeout, wordsPerLine } from './wordCount.ts'

/** Workers of an application of their own that count words. */
async function createTrial() {
  const brokers = inject('brokers')
  const client = await confluentClient({ brokers: [brokers] })
  onTestFinished(() => client.close(timeout))
  const { lines, words, workerArguments } = await createWordCount(client, brokers)
  return { client, lines, words, start: (worker: string): Program => startNode(...workerArguments(worker)) }
}

test('three workers count each word once, while they are killed, frozen, stopped and replaced', async () => {
  const { client, lines, words, start } = await createTrial()
  let [a, b, c] = [start('a'), start('b'), start('c')]
  await settled([a, b, c])
  const feeding = feed(client, lines, 2000)
  onTestFinished(async () => {
    await feeding.stop()
  })
  const following = await follow(client, words)
  const goOn = (): Promise<boolean> => {
    const enough = following.total + 4000
    return following.until(() => enough)
  }
  await goOn()

  b.process.kill('SIGKILL')
  await settled([a, c])
  await goOn()
  b = start('b')
  await settled([a, b, c])
  await goOn()

  a.process.kill('SIGSTOP')
  await settled([b, c])
  await goOn()
  a.process.kill('SIGCONT') // a zombie: it goes on with shards that are others' by now
  await settled([a, b, c])
  await goOn()

  c.process.kill('SIGTERM')
  expect(await c.ended).toBe(0)
  await settled([a, b])
  await goOn()
  a.process.kill('SIGKILL')
  c = start('c')
  a = start('a')
  await settled([a, b, c])
  await goOn()

  const written = await feeding.stop()
  await following.until(() => wordsPerLine * written)
  expect(following.wrong).toEqual([])
  expect([...following.counts.values()].reduce((sum, count) => sum + count, 0)).toBe(wordsPerLine * written)
  for (const worker of [a, b, c]) worker.process.kill('SIGTERM')
  expect(await Promise.all([a, b, c].map((worker) => worker.ended))).toEqual([0, 0, 0])
}, 240_000)

test('a topic that is not there is told before anything runs, with the command that makes it', async () => {
  const { client, lines, start } = await createTrial()
  await client.deleteTopics([lines], timeout)
  const worker = start('a')
  expect(await worker.ended).toBe(1)
  expect(worker.stderr()).toContain('KAFKA_TOPIC_MISSING')
  expect(worker.stderr()).toContain(`npx wallarx kafka create ${lines}`)
})
