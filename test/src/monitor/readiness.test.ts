import { expect, test } from 'vitest'
import { notReadyBecause } from '../../../src/monitor/readiness.ts'

const cluster = (restoring: readonly number[]) => ({
  shards: {
    none: { owned: [], restoring: [] },
    counts: { owned: [0], restoring: restoring.map((shard) => ({ shard, read: 0.5 })) },
  },
  lag: {},
  transactions: 0,
  packs: 0,
  rejoined: 0,
})

test('a run is ready while it runs, and nothing of its shards is still to be read', () => {
  expect(notReadyBecause('running', undefined)).toBeUndefined()
  expect(notReadyBecause('running', cluster([]))).toBeUndefined()
  expect(notReadyBecause('running', cluster([1, 3]))).toBe('it reads the entities of counts, shards 1 3')
  for (const lifecycle of ['opening', 'draining', 'closed'] as const) {
    expect(notReadyBecause(lifecycle, undefined)).toBe(`it is ${lifecycle}`)
  }
})
