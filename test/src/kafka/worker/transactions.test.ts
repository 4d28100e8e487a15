import { expect, test } from 'vitest'
import { systemClock } from '../../../../src/base/clock.ts'
import { createPackedExchange } from '../../../../src/cluster/exchange.ts'
import { createShardStore } from '../../../../src/cluster/shardStore.ts'
import type { KafkaMember, KafkaProducer } from '../../../../src/kafka/client.ts'
import { KafkaError } from '../../../../src/kafka/fault.ts'
import { topicNames } from '../../../../src/kafka/topics.ts'
import { createCommits } from '../../../../src/kafka/worker/commits.ts'
import { createTransactions } from '../../../../src/kafka/worker/transactions.ts'

const info = { layout: 1, application: 'app', checkpoint: 1, at: 0 }

/**
 * A transaction with one record, in which the places of a group are lost when a call of this name has been made; the
 * group is not told of for so many calls.
 */
async function losingAt(
  call: 'begin' | 'sendOffsets' | 'produce' | 'never',
  stale = 0,
): Promise<{ calls: string[]; reason: unknown }> {
  const calls: string[] = []
  let unheard = stale
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
    if (name === 'sendOffsets' && unheard-- > 0)
      return Promise.reject(new KafkaError('stale', 'generation 1, and not 2'))
    return Promise.resolve()
  }
  let reason: unknown
  const { committer } = createTransactions({
    producer: {
      begin: called('begin'),
      sendOffsets: called('sendOffsets'),
      abort: called('abort'),
      produce: () => called('produce')() !== undefined,
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
    clock: systemClock,
    commits: createCommits(systemClock),
    explain: (error) => Promise.resolve(error),
    lose: (why) => {
      reason = why
    },
  })
  await committer
    .commit(info, { entities: [], positions: [{ key: Buffer.from('O'), value: Buffer.from('1') }] })
    .catch(() => undefined)
  return { calls, reason }
}

test('a transaction gets the offsets of each group before any record, and is committed', async () => {
  const calls = ['begin', 'sendOffsets', 'produce', 'commit']
  expect(await losingAt('never')).toEqual({ calls, reason: undefined })
})

test('what came of places that were lost is not committed in the name of a member that came again', async () => {
  for (const calls of [['begin'], ['begin', 'sendOffsets'], ['begin', 'sendOffsets', 'produce']] as const) {
    const [last] = calls.slice(-1)
    expect(await losingAt(last!)).toMatchObject({ calls, reason: { fault: 'abort' } })
  }
})

test('a member that has not heard yet how its places were divided anew tries again, unless they are lost', async () => {
  const refused = ['begin', 'sendOffsets', 'abort']
  const done = ['begin', 'sendOffsets', 'produce', 'commit']
  expect(await losingAt('never', 2)).toEqual({ calls: [...refused, ...refused, ...done], reason: undefined })
  expect(await losingAt('sendOffsets', 1)).toMatchObject({ calls: [...refused, 'begin'], reason: { fault: 'abort' } })
})
