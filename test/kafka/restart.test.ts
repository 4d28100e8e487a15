import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { confluentClient } from '../../src/kafka/confluent/confluent.ts'
import { startNode, type Program } from '../support/processes.ts'
import { settled } from './shards.ts'
import { createWordCount, feed, follow, partitions, timeout, wordsPerLine } from './wordCount.ts'

/** What a worker says of the shards that it had in its cache: how many offsets it has read, and of how many. */
function readOf(worker: Program): { readonly read: number; readonly all: number; readonly shards: number } {
  const found = [...worker.stderr().matchAll(/(\d+) of (\d+) offsets of its changelog are read/g)]
  const sum = (group: number): number => found.reduce((total, one) => total + Number(one[group]), 0)
  return { read: sum(1), all: sum(2), shards: found.length }
}

test('a worker that is killed and started again with its cache reads only the rest of its changelogs', async () => {
  const brokers = inject('brokers')
  const client = await confluentClient({ brokers: [brokers] })
  onTestFinished(() => client.close(timeout))
  const directory = mkdtempSync(join(tmpdir(), 'wallarx-cache-'))
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  const { lines, words, workerArguments } = await createWordCount(client, brokers)
  const start = (worker: string): Program => startNode(...workerArguments(worker, join(directory, worker)))

  let a = start('a')
  const [b, c] = [start('b'), start('c')]
  await settled([a, b, c])
  const feeding = feed(client, lines, 500)
  onTestFinished(async () => {
    await feeding.stop()
  })
  const following = await follow(client, words)
  const goOn = (counts: number): Promise<boolean> => {
    const enough = following.total + counts
    return following.until(() => enough)
  }
  await goOn(20_000)

  const rest = 'offsets of its changelog are read'
  // The group may give it shards that it has not had before: then it is killed once more.
  for (let kills = 0; kills < 3 && !a.stderr().includes(rest); kills++) {
    a.process.kill('SIGKILL')
    await a.ended
    a = start('a')
    await settled([a, b, c])
    await goOn(10_000)
  }
  expect(a.stderr()).toContain(rest)

  for (const one of [b, c]) one.process.kill('SIGTERM')
  expect(await Promise.all([b.ended, c.ended])).toEqual([0, 0])
  await settled([a])
  await goOn(60_000)
  a.process.kill('SIGKILL')
  await a.ended
  a = start('a')
  await settled([a])
  const { read, all, shards } = readOf(a)
  expect(shards).toBe(partitions)
  expect(read).toBeLessThan(all / 2)
  await goOn(4000)

  const written = await feeding.stop()
  await following.until(() => wordsPerLine * written)
  expect(following.wrong).toEqual([])
  expect([...following.counts.values()].reduce((sum, count) => sum + count, 0)).toBe(wordsPerLine * written)
  a.process.kill('SIGTERM')
  expect(await a.ended).toBe(0)
}, 240_000)
