import { expect, inject, onTestFinished, test } from 'vitest'
import { confluentClient } from '../../src/kafka/confluent/confluent.ts'
import type { Overview } from '../../src/cli/kafka/overview.ts'
import { startNode, type Program } from '../support/processes.ts'
import { createWordCount, feed, follow, partitions, timeout, wordsPerLine } from './wordCount.ts'

const wallarx = (...args: string[]): Program =>
  startNode('--import', './test/kafka/register.js', 'dist/src/cli/wallarx.js', 'kafka', ...args)

/** What a command prints. */
async function printed(...args: string[]): Promise<string> {
  const program = wallarx(...args, '--brokers', inject('brokers'))
  expect(await program.ended, program.stderr()).toBe(0)
  return program.stdout()
}

test('wallarx kafka topics shows a running application; after wallarx kafka reset it counts from 1 again', async () => {
  const brokers = inject('brokers')
  const client = await confluentClient({ brokers: [brokers] })
  onTestFinished(() => client.close(timeout))
  const { application, lines, words, workerArguments } = await createWordCount(client, brokers)
  const start = async (): Promise<Program> => {
    const worker = startNode(...workerArguments('anna'))
    await worker.until(() => worker.stdout().includes('running'))
    return worker
  }
  let worker = await start()
  const feeding = feed(client, lines, 200)
  const following = await follow(client, words)
  await following.until(() => 800)
  const written = await feeding.stop()
  await following.until(() => wordsPerLine * written)

  const overview = JSON.parse(await printed('topics', application, '--json')) as Overview
  expect(overview.workers).toEqual(['anna'])
  expect(overview.topics.map(({ name }) => name)).toEqual([
    `${application}.workers`,
    `${application}.totals.exchange`,
    `${application}.totals.changelog`,
  ])
  const [{ shards }] = overview.partitions as [Overview['partitions'][number]]
  expect(shards.map(({ shard, owner }) => [shard, owner])).toEqual(
    Array.from({ length: partitions }, (_, shard) => [shard, 'anna']),
  )
  // All is processed: what is left are marks of transactions behind the last record.
  for (const { lag } of shards) expect(lag).toBeLessThan(10)
  expect(shards.reduce((sum, { changelog }) => sum + changelog, 0)).toBeGreaterThanOrEqual(following.counts.size)
  const [counting] = overview.inputs
  expect(counting?.places.map((place) => [place.topic, place.partition, place.owner])).toEqual(
    Array.from({ length: partitions }, (_, partition) => [lines, partition, 'anna']),
  )
  expect(counting?.places.reduce((sum, { lag }) => sum + lag, 0)).toBe(0)
  expect(await printed('topics', application)).toMatch(/^ +0 {2}anna +\d+ +[\d,]+$/m)

  const refused = wallarx('reset', application, '--yes', '--brokers', brokers)
  expect(await refused.ended).toBe(1)
  expect(refused.stderr()).toContain(`workers of ${application} are running: anna`)

  worker.process.kill('SIGTERM')
  expect(await worker.ended).toBe(0)
  expect(await printed('reset', application, '--yes')).toContain(`group  ${application}.totals`)
  const left = await client.topics('all', timeout)
  expect([...left.keys()].filter((name) => name.startsWith(application))).toEqual([])
  expect([...(await client.groups(timeout))].filter((name) => name.startsWith(application))).toEqual([])
  expect(left.has(lines)).toBe(true)

  worker = await start()
  const before = following.total
  await following.until(() => before + wordsPerLine * written)
  // Each word begins with 1 once more, and comes to the same number.
  expect(following.wrong.map(({ got }) => got)).toEqual(Array.from(following.counts, () => 1))
  expect([...following.counts.values()].reduce((sum, count) => sum + count, 0)).toBe(wordsPerLine * written)
  worker.process.kill('SIGTERM')
  expect(await worker.ended).toBe(0)
}, 180_000)

test('wallarx kafka create makes topics, and says what is there', async () => {
  const name = `made-${process.pid}`
  expect(await printed('create', name, '--partitions', '3')).toBe(`made topic ${name}, 3 partitions\n`)
  expect(await printed('create', name, '--partitions', '5')).toBe(`topic ${name} is there, 3 partitions\n`)
})

test('a Kafka that cannot be reached is told in a line, with the reason', async () => {
  const program = wallarx('topics', 'counts', '--brokers', '127.0.0.1:1')
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toMatch(/^wallarx kafka: [^\n]*127\.0\.0\.1:1[^\n]*refused[^\n]*\n$/)
})

test('a setting goes to the client', async () => {
  const args = ['--brokers', inject('brokers'), '--settings', 'security.protocol=ssl']
  const program = wallarx('topics', 'counts', ...args)
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toMatch(/^wallarx kafka: [^\n]*SSL[^\n]*\n$/)
})
