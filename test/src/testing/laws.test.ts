import { describe, expect, test } from 'vitest'
import { planted, right } from './planted.ts'

describe.each(right)('$law', ({ bug: thing, check }) => {
  test(`holds for ${thing}`, () => check({}))
})

describe.each(planted)('$law', ({ law, bug, check }) => {
  test(`finds ${bug}`, async () => {
    await expect(check({ seed: 1 })).rejects.toMatchObject({ code: 'LAW_BROKEN', where: { law } })
  })
})
