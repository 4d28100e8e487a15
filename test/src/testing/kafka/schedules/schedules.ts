import { test } from 'vitest'
import { workersDoNotMatter } from 'wallarx/testing'
import { account, notes, programs } from '../programs.ts'

/** How many, over all files: `npm run schedules` tries ten thousand. */
const all = Number(process.env.WALLARX_SCHEDULES ?? 600)
const files = 3

/** A law of what may happen to workers. */
type Law = (
  program: (typeof programs)[string],
  options: { input: typeof notes; key: typeof account; runs: number; seed?: number },
) => Promise<void>

/** What may happen to workers, a share of it: a file of tests has a process of its own. `file` counts from 0. */
export function schedules(file: number, law: Law = workersDoNotMatter): void {
  const shares = Object.entries(programs)
  test.each(shares)(
    '%s: it does not matter what happens to the workers',
    async (_, program) => {
      const runs = Math.ceil(all / files / shares.length)
      // In CI the seed is the same for all: each file tries others.
      const seed = process.env.CI === undefined ? {} : { seed: 20_260_101 + file }
      await law(program, { input: notes, key: account, runs, ...seed })
    },
    600_000,
  )
}
