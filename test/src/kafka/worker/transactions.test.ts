import { expect, test } from 'vitest'
import { systemClock } from '../../../../src/base/clock.ts'
import { createPackedExchange } from '../../../../src/cluster/exchange.ts'
import { createShardStore } from '../../../../src/cluster/shardStore.ts'
import type { KafkaMember, KafkaProducer } from '../../../../src/kafka/client.ts'
import { topicNames } from '../../../../src/kafka/topics.ts'
import { createCommits } from '../../../../src/kafka/worker/commits.ts'
import { createTransactions } from '../../../../src/kafka/worker/transactions.ts'

const info = { layout: 1, application: 'app', checkpoint: 1, at: 0 }

/** A transaction in which the places of a group are lost when a call of this name has been made. */
async function losingAt(call: 'begin' | 'sendOffsets' | 'never'): Promise<{ calls: string[]; reason: unknown }> {
  const calls: string[] = []
  const pump = {
    member: {} as KafkaMember,
    owned: {
      moved: true,
      takeOffsets: () => [{ topic: 'in', partition: 0, offset: 7 }],
      list: () => [],
      touch: () => undefined,
    },
    reached: () => [],
    isLost: false,
    stop: () => Promise.resolve(),
  }
  const called = (name: string) => (): Promise<void> => {
    calls.push(name)
    if (name === call) pump.isLost = true
    return Promise.resolve()
  }
  let reason: unknown
  const { committer } = createTransactions({
    producer: {
      begin: called('begin'),
      sendOffsets: called('sendOffsets'),
      commit: called('commit'),
    } as unknown as KafkaProducer,
    exchange: createPackedExchange({ shards: 1, longestPack: 1000, highWaterMark: 1_000_000, largestPack: 10_000 }),
    store: createShardStore(1),
    pumps: () => [pump],
    names: topicNames('app'),
    worker: 'worker',
    isNamed: true,
    committed: () => undefined,
    shards: 1,
    partitionOf: () => 'partition',
    idOf: () => 1,
    partitionsOf: () => Promise.resolve(new Map()),
    timeout: 1000,
    commits: createCommits(systemClock),
    explain: (error) => Promise.resolve(error),
    lose: (why) => {
      reason = why
    },
  })
  await committer.commit(info, { entities: [], positions: [] }).catch(() => undefined)
  return { calls, reason }
}

test('a transaction is begun, gets the offsets of each group, and is committed', async () => {
  expect(await losingAt('never')).toEqual({ calls: ['begin', 'sendOffsets', 'commit'], reason: undefined })
})

test('what came of places that were lost is not committed in the name of a member that came again', async () => {
  expect(await losingAt('begin')).toMatchObject({ calls: ['begin'], reason: { fault: 'abort' } })
  expect(await losingAt('sendOffsets')).toMatchObject({ calls: ['begin', 'sendOffsets'], reason: { fault: 'abort' } })
})
