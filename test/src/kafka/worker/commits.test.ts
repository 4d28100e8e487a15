import { expect, test } from 'vitest'
import { createCommits } from '../../../../src/kafka/worker/commits.ts'

test('a pause follows where records come fast, however few are in one transaction', () => {
  let time = 0
  const commits = createCommits({ now: () => time, elapsed: () => time, after: () => () => undefined })
  const pauses = [20_000, 400, 700, 700].map((records) => {
    time += 10
    commits.begin(records)
    return commits.leastPause
  })
  expect(pauses).toEqual([0, 0, 25, 25])
  time += 1000
  commits.begin(700)
  expect(commits.leastPause).toBe(0)
})
