import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { workersThrough } from '../../../../src/testing/pipelineLaw/workersDoNotMatter.ts'
import { account, notes, turning } from './counting.ts'
import { mutants } from './mutants.ts'

beforeAll(() => fc.configureGlobal({ endOnFailure: true })) // that it is found is enough
afterAll(() => fc.resetConfigureGlobal())

test.each(Object.entries(mutants))(
  'the law finds %s',
  async (_, mutant) => {
    const through = (...given: Parameters<ReturnType<typeof mutant>>) => current(...given)
    let current = mutant()
    const input = notes.map((all) => {
      current = mutant()
      return all
    })
    const check = workersThrough(through, turning, { input, key: account, seed: 1, runs: 200 })
    console.log(
      _,
      String(
        await check.then(
          () => 'NOT FOUND',
          (e) => e.message,
        ),
      ).match(/NOT FOUND|in run \d+|got .*/g),
    )
    await expect(check).rejects.toMatchObject({ code: 'LAW_BROKEN' })
  },
  60_000,
)

test('the law finds nothing where nothing is wrong', async () => {
  await workersThrough((client) => client, turning, { input: notes, key: account, runs: 200 })
}, 60_000)
