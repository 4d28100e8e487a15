import { setTimeout as delay } from 'node:timers/promises'
import { placeOf, shardOf } from '../../../src/cluster/shard.ts'
import { hashKey } from '../../../src/key/hash.ts'
import { partitions, until, type Contender, type KafkaCourse } from './course.ts'
import { createWordFlow, type Arrival } from './wordFlow.ts'

/** In seconds: the longest time without an output. */
export interface Gaps {
  /** Of the shards of the worker that was killed. */
  readonly lost: number
  readonly others: number
}

const workers = 3
const rate = 3000

/** One of three workers is killed and not replaced. */
export async function gapsOf(course: KafkaCourse, contender: Contender): Promise<Gaps> {
  const lines = await course.topic('lines')
  const out = await course.topic('out')
  const first = course.start(contender, lines, out, { worker: 'a' })
  const { application } = first
  const all = [first, ...['b', 'c'].map((worker) => course.start(contender, lines, out, { application, worker }))]
  const flow = await createWordFlow(course, lines, out, rate)
  await until('a first count', () => Promise.resolve(flow.count > 0))
  await delay(20_000) // the group is whole, and each worker is warm
  flow.take()
  await delay(2000)
  all[1]!.kill()
  await delay(20_000)
  const gaps = gapsByShard(contender, flow.take())
  await flow.stop()
  await Promise.all([all[0]!.stop(), all[2]!.stop()])
  const ofOne = partitions / workers
  return { lost: gaps[0]!, others: gaps[ofOne]! }
}

/** The longest gap of each shard, in seconds; the longest first. */
function gapsByShard(contender: Contender, arrivals: readonly Arrival[]): number[] {
  const last = new Map<number, number>()
  const gaps = new Map<number, number>()
  for (const { word, at } of arrivals) {
    const shard = contender === 'ours' ? shardOfWord(word) : placeOf(Buffer.from(word), partitions)
    gaps.set(shard, Math.max(gaps.get(shard) ?? 0, at - (last.get(shard) ?? at)))
    last.set(shard, at)
  }
  return [...gaps.values()].map((gap) => gap / 1000).sort((one, other) => other - one)
}

function shardOfWord(word: string): number {
  const key = hashKey(word)
  return shardOf(Number(BigInt.asIntN(32, key)), Number(BigInt.asIntN(32, key >> 32n)), partitions)
}
