import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { workersThrough } from '../../../../src/testing/pipelineLaw/workersDoNotMatter.ts'
import { accountOf, events, rest, timedPrograms } from './timedPrograms.ts'
import { timedMutants } from './timedMutants.ts'

beforeAll(() => fc.configureGlobal({ endOnFailure: true })) // that it is found is enough
afterAll(() => fc.resetConfigureGlobal())

test.each(Object.entries(timedMutants))(
  'the law finds %s',
  async (_, [program, mutant]) => {
    let through = mutant()
    const input = events.map((all) => {
      through = mutant() // one that knows nothing of the run before
      return all
    })
    const options = { input, key: accountOf, seed: 1, runs: 200 }
    const build = timedPrograms[program]!
    const check = workersThrough((client, broker) => through(client, broker), build, options, undefined, rest)
    await expect(check).rejects.toMatchObject({ code: 'LAW_BROKEN' })
  },
  60_000,
)
