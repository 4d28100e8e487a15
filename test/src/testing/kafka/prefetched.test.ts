import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { KafkaRecord } from '../../../../src/kafka/client.ts'
import type * as ownedPlaces from '../../../../src/kafka/worker/ownedPlaces.ts'
import { workersThrough } from '../../../../src/testing/pipelineLaw/workersDoNotMatter.ts'
import { account, notes, turning } from './programs.ts'
import { withMember } from './mutants.ts'

// Two bugs that the one without the other does no harm: records that a client has fetched before a place was given up
// come afterwards, and a worker does not look whether a record is of a place that it owns.
vi.mock('../../../../src/kafka/worker/ownedPlaces.ts', async (importOriginal) => {
  const original = await importOriginal<typeof ownedPlaces>()
  return {
    createOwnedPlaces() {
      const owned = original.createOwnedPlaces()
      const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(owned)) as typeof owned
      return Object.assign(copy, {
        isNext: () => true,
        passed: (record: KafkaRecord) => {
          if (owned.isNext(record)) owned.passed(record)
        },
      })
    },
  }
})

const prefetching = withMember((member) => {
  let fetched: readonly KafkaRecord[] = []
  return {
    async poll(max, wait) {
      const before = fetched
      fetched = await member.poll(max, before.length > 0 ? 0 : wait)
      return before
    },
  }
})

beforeAll(() => fc.configureGlobal({ endOnFailure: true })) // that it is found is enough
afterAll(() => fc.resetConfigureGlobal())

test('the law finds records that were fetched before a revocation', async () => {
  const check = workersThrough(prefetching, turning, { input: notes, key: account, seed: 1, runs: 200 })
  await expect(check).rejects.toMatchObject({ code: 'LAW_BROKEN' })
}, 60_000)
