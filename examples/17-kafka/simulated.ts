import { hashKey } from 'wallarx'
import { simulateCluster } from 'wallarx/testing'
import { countWords } from './counting.ts'

const sentence = 'a rose is a rose is a rose'
const shards = 8

/** Three workers on a Kafka in memory, one of which is killed. */
export async function countSimulated(): Promise<void> {
  await using cluster = await simulateCluster(countWords, { workers: 3, shards, key: (line: string) => hashKey(line) })
  const say = (what: string): void => {
    console.log(`${(cluster.now / 1000).toFixed(1).padStart(5)} s  ${what}`)
  }
  const sayShards = (): void => {
    for (const [name, { worker }] of Object.entries(cluster.workers())) {
      const { owned = [], restoring = [] } = worker?.shards.totals ?? {}
      const more =
        restoring.length > 0 ? `, and reads the entities of ${restoring.map(({ shard }) => shard).join(' ')}` : ''
      say(`  ${name} owns the shards ${owned.length > 0 ? owned.join(' ') : '-'}${more}`)
    }
  }
  /** Lets time pass until every worker owns shards, and each shard is somebody's. */
  const divided = async (): Promise<void> => {
    for (;;) {
      const owned = Object.values(cluster.workers()).map(({ worker }) => worker?.shards.totals?.owned.length ?? 0)
      const all = owned.reduce((sum, some) => sum + some, 0)
      if (all === shards && owned.every((some) => some > 0)) return
      await cluster.advance(100)
    }
  }
  const count = async (): Promise<void> => {
    cluster.send(...Array.from({ length: 100 }, () => sentence))
    await cluster.settle()
    const counts = cluster.outputsBy((line) => line.split(' ')[0]!)
    const last = [...counts.values()].map((lines) => lines.at(-1)!)
    say(`counted: ${last.sort().join(', ')}`)
  }

  say(`three workers, ${shards} shards; 100 lines come: ${sentence}`)
  await count()
  await divided()
  sayShards()
  const before = new Set(Object.keys(cluster.workers()))
  cluster.disturb({ disturbance: 'kill', worker: 0, call: 0 })
  await cluster.advance(100)
  const [killed] = [...before].filter((name) => !(name in cluster.workers()))
  say(`${killed ?? 'a worker'} is killed; 100 lines more come`)
  await count()
  await divided()
  sayShards()
  cluster.disturb({ disturbance: 'join' })
  say('another one joins; 100 lines more come')
  await count()
  await divided()
  sayShards()
  say('100 lines more come')
  await count()

  const wrong = [...cluster.outputsBy((line) => line.split(' ')[0]!)].filter(([word, lines]) =>
    lines.some((line, at) => line !== `${word} ${at + 1}`),
  )
  say(wrong.length === 0 ? 'each word was counted 1, 2, 3 … without a gap' : `wrong: ${JSON.stringify(wrong)}`)
}
