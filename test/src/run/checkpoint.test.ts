import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { fromObservable, memoryStore, statePartition } from 'wallarx'
import { toState } from 'wallarx/operators'
import { silentLog } from '../../../src/base/log.ts'
import { createDeferred } from '../../../src/base/deferred.ts'
import { turns } from '../../../src/testing/driver/drive.ts'
import { startApplication } from '../../../src/run/application.ts'

test('a checkpoint that is asked for while another one is under way and the run stops is the last one', async () => {
  const store = await memoryStore().open()
  const commits: string[] = []
  const first = createDeferred()
  const numbers = new Subject<number>()
  const sum = statePartition('sum', { build: () => ({ total: 0 }) })
  const app = startApplication(
    {
      name: 'sums',
      pipelines: { sums: fromObservable(numbers).pipe(toState((n: number, state) => [(state.total += n), true], sum)) },
      checkpointInterval: Infinity,
      handleSignals: false,
    },
    {
      log: silentLog,
      store,
      committer: {
        async commit() {
          const number = commits.push('begun')
          await (number === 1 ? first.promise : turns(1))
          commits[number - 1] = 'done'
        },
      },
    },
  )
  await app.opened
  numbers.next(1)
  const underWay = app.checkpoint()
  await expect.poll(() => commits).toEqual(['begun'])
  numbers.next(2)
  let seen: string[] = []
  const asked = app.checkpoint().then(() => {
    seen = [...commits]
  })
  const closed = app.close()
  await expect.poll(() => app.status().pipelines.sums!.lifecycle).toBe('completed')
  first.resolve()
  await Promise.all([underWay, asked, closed])
  expect(seen).toEqual(['done', 'done'])
})
