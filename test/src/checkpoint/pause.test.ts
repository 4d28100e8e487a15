import { expect, test } from 'vitest'
import { createCheckpointer } from '../../../src/checkpoint/checkpointer.ts'

test('a great commit is followed by the pause that the committer wants, any other by the interval', async () => {
  const waits: number[] = []
  let due: (() => void) | undefined
  let leastPause = 0
  const checkpointer = createCheckpointer({
    application: 'test',
    committer: {
      pending: true,
      get leastPause() {
        return leastPause
      },
      commit: () => Promise.resolve(),
    },
    pipelines: [],
    partitions: { changes: () => [], packed: 0 },
    positions: { changes: () => [], committed: () => undefined },
    run: { failed: false, fail: (error) => expect.unreachable(String(error)) },
    clock: {
      now: () => 0,
      elapsed: () => 0,
      after(milliseconds, work) {
        waits.push(milliseconds)
        due = work
        return () => undefined
      },
    },
    last: undefined,
    interval: 10,
  })
  checkpointer.start()
  for (const pause of [25, 5, 0]) {
    leastPause = pause
    due!()
    await checkpointer.take() // waits for the one that is under way, and takes one more
  }
  expect(waits[0]).toBe(10)
  expect(new Set(waits.slice(1, 3))).toEqual(new Set([25]))
  expect(new Set(waits.slice(3))).toEqual(new Set([10]))
})
