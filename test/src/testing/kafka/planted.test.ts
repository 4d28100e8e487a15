import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { workersThrough } from '../../../../src/testing/pipelineLaw/workersDoNotMatter.ts'
import { account, notes, turning } from './programs.ts'
import { mutants } from './mutants.ts'

beforeAll(() => fc.configureGlobal({ endOnFailure: true })) // that it is found is enough
afterAll(() => fc.resetConfigureGlobal())

test.each(Object.entries(mutants))(
  'the law finds %s',
  async (_, mutant) => {
    let through = mutant()
    const input = notes.map((all) => {
      through = mutant() // one that knows nothing of the run before
      return all
    })
    const options = { input, key: account, seed: 1, runs: 200 }
    const check = workersThrough((client, broker) => through(client, broker), turning, options)
    await expect(check).rejects.toMatchObject({ code: 'LAW_BROKEN' })
  },
  60_000,
)
