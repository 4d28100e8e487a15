import { expect, onTestFinished, test } from 'vitest'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { simulateCluster } from 'wallarx/testing'

const key = (n: number): number => n % 16
const counting = () =>
  toStatePartition(
    (n: number, state: { count: number }) => [`${key(n)} ${++state.count}`, true],
    statePartition('counts', { key, build: () => ({ count: 0 }) }),
  )

/** In ms of virtual time. */
const sessionTimeout = 6000
const takingOver = 2500

test('the shards of a worker that dies with a transaction open are taken over when it is taken for dead', async () => {
  for (const call of [1, 2, 3, 4, 5]) {
    const cluster = await simulateCluster(counting, { key, shards: 8, sessionTimeout })
    onTestFinished(() => cluster.close())
    let sent = 0
    const send = async (milliseconds: number): Promise<void> => {
      for (const end = cluster.now + milliseconds; cluster.now < end;) {
        cluster.send(...Array.from({ length: 16 }, () => sent++))
        await cluster.advance(100)
      }
    }
    await send(4000) // the shards are divided by then
    cluster.disturb({ disturbance: 'kill', worker: 0, call, done: true })
    await send(sessionTimeout - 500)
    const before = cluster.outputsBy((line) => line.split(' ')[0]!)
    await send(500 + takingOver)
    const after = cluster.outputsBy((line) => line.split(' ')[0]!)
    expect(after.size).toBe(16)
    for (const [of, outputs] of after) expect(outputs.length).toBeGreaterThan(before.get(of)!.length)
  }
})

test('those who go on living keep their lives when a group is divided anew', async () => {
  for (const groupProtocol of ['classic', 'consumer'] as const) {
    const cluster = await simulateCluster(counting, { key, shards: 8, groupProtocol, seed: 3 })
    onTestFinished(() => cluster.close())
    const send = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        cluster.send(round)
        await cluster.advance(10)
      }
    }
    await send(150) // the shards are divided by then
    cluster.disturb({ disturbance: 'join' })
    await send(60)
    cluster.disturb({ disturbance: 'kill', worker: 0, call: 1, done: true })
    await send(150)
    expect(cluster.log().filter((line) => line.includes('rejoins'))).toEqual([])
  }
})
