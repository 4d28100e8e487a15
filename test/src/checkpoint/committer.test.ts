import { from } from 'rxjs'
import { expect, test } from 'vitest'
import { memoryStore, statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { silentLog } from '../../../src/base/log.ts'
import { storeCommitter, type CheckpointChanges, type Committer } from '../../../src/checkpoint/committer.ts'
import { lastCheckpoint } from '../../../src/checkpoint/recovery.ts'
import type { CheckpointInfo } from '../../../src/checkpoint/layout.ts'
import { startApplication } from '../../../src/run/application.ts'
import { feed } from '../../support/durability.ts'

const sums = () => statePartition('sums', { key: (n: number) => n % 2, build: () => ({ sum: 0 }) })
const add = (n: number, state: { sum: number }): [number, boolean] => [(state.sum += n), true]

test('whoever makes checkpoints durable gets all that one changes: entities, and positions beside them', async () => {
  const kept = memoryStore()
  const store = await kept.open()
  const recorded: [CheckpointInfo, CheckpointChanges][] = []
  const inStore = storeCommitter(store)
  const committer: Committer = {
    async commit(info, changes) {
      recorded.push([info, changes])
      await inStore.commit(info, changes)
    },
  }
  const numbers = feed<number>('numbers')
  const pipeline = numbers.source.pipe(toStatePartition(add, sums()))
  const app = startApplication(
    { name: 'recorded', pipelines: { pipeline }, store: kept, handleSignals: false, checkpointInterval: Infinity },
    { log: silentLog, store, committer },
  )
  numbers.push(1, 2)
  await app.checkpoint()
  await app.checkpoint() // nothing has changed: nothing is committed
  numbers.push(3)
  await app.close()

  expect(recorded.map(([{ checkpoint, application }]) => [checkpoint, application])).toEqual([
    [1, 'recorded'],
    [2, 'recorded'],
  ])
  // The first: two entities and their state partition; the second: one entity. A position of the source each.
  expect(recorded.map(([, { entities, positions }]) => [entities.length, positions.length])).toEqual([
    [3, 1],
    [1, 1],
  ])
})

test('a committer that fails stops the run, and the checkpoint before stays the last', async () => {
  const kept = memoryStore()
  const store = await kept.open()
  const inStore = storeCommitter(store)
  let fails = false
  const committer: Committer = {
    commit: (info, changes) =>
      fails ? Promise.reject(new Error('the broker has fenced this worker')) : inStore.commit(info, changes),
  }
  const numbers = feed<number>('numbers')
  const pipeline = numbers.source.pipe(toStatePartition(add, sums()))
  const app = startApplication(
    { name: 'fenced', pipelines: { pipeline }, store: kept, handleSignals: false, checkpointInterval: Infinity },
    { log: silentLog, store: { ...store, close: () => Promise.resolve() }, committer },
  )
  numbers.push(1)
  await app.checkpoint()
  fails = true
  numbers.push(2)
  await expect(app.checkpoint()).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
  await expect(app.closed).rejects.toMatchObject({ cause: new Error('the broker has fenced this worker') })
  expect(lastCheckpoint(store)).toMatchObject({ checkpoint: 1 })
  await store.close()
})

test('without a committer of its own a run commits to its store', async () => {
  const kept = memoryStore()
  const store = await kept.open()
  const pipeline = from([1, 2]).pipe(toStatePartition(add, sums()))
  const app = startApplication(
    { name: 'stored', pipelines: { pipeline }, store: kept, handleSignals: false },
    { log: silentLog, store: { ...store, close: () => Promise.resolve() } },
  )
  await app.closed
  expect(lastCheckpoint(store)).toMatchObject({ application: 'stored', checkpoint: 1 })
  await store.close()
})
