import fc from 'fast-check'
import { describe, test } from 'vitest'
import { lmdbStore, memoryStore, StateMap, statePartition, StateSet } from 'wallarx'
import { key, serdeLosesNothing, storeKeepsWhatItIsGiven } from 'wallarx/testing'
import { temporaryPaths } from '../../support/files.ts'
import { states } from '../serialization/states.ts'

/** A path of its own for each run of a law. */
const path = temporaryPaths()

describe('states', { timeout: 60_000 }, () => {
  const entry = fc.tuple(fc.oneof(fc.string(), fc.integer(), key(), fc.boolean()), states)
  test.each<[string, fc.Arbitrary<unknown>]>([
    ['anything that a state may be made of', states],
    ['a StateMap', fc.array(entry).map((entries) => new StateMap(entries))],
    ['a StateSet in an object', fc.array(fc.string()).map((members) => ({ members: new StateSet(members) }))],
  ])('%s comes back', (_, some) =>
    serdeLosesNothing<unknown>(() => statePartition('states', { build: () => undefined as unknown }), {
      states: some,
      runs: 40,
    }),
  )
})

describe('stores', { timeout: 60_000 }, () => {
  test('memoryStore keeps what it is given', () => storeKeepsWhatItIsGiven(memoryStore))

  test('lmdbStore keeps what it is given', () => storeKeepsWhatItIsGiven(() => lmdbStore(path()), { runs: 20 }))
})
