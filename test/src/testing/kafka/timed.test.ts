import { expect, test } from 'vitest'
import { simulateCluster, playOnCluster } from 'wallarx/testing'
import { workersThrough } from '../../../../src/testing/pipelineLaw/workersDoNotMatter.ts'
import { accountOf, events, inOneOrder, timedPrograms as keyed, type Event } from './timedPrograms.ts'

const timedPrograms = { ...keyed, ...inOneOrder }
const program = process.env.P ?? 'windows'
test('one', async () => {
  const cluster = await simulateCluster(timedPrograms[program]!, { workers: 2, ...(program in keyed && { key: accountOf }) })
  const all: Event[] = [[0n, 10, 1], [1n, 20, 2], [0n, 60, 2], [2n, 70, 1], [3n, 200, 1], ...[0n,1n,2n,3n].map((a): Event => [a, 1_000_000, 0])]
  try {
    await playOnCluster(cluster, all.map((message) => ({ message })))
    await cluster.advance(500)
    await cluster.settle()
  } finally {
  console.log(cluster.log().join('\n'))
  console.log(cluster.outputs(), cluster.deadLetters().map(({error}) => String(error)), JSON.stringify(Object.values(cluster.workers()).map((w) => w.pipelines.pipeline!.watermarks)))
  }
  await cluster.close()
})
test('law', async () => {
  await workersThrough((client) => client, timedPrograms[program]!, { input: events, ...(program in keyed && { key: accountOf }), runs: Number(process.env.RUNS ?? 50) }, undefined, 500)
  expect(1).toBe(1)
}, 150_000)
