import type fc from 'fast-check'
import type { OperatorFunction } from 'rxjs'
import { test } from 'vitest'
import { workersThrough, type WorkersOptions } from '../../../../../src/testing/pipelineLaw/workersDoNotMatter.ts'
import { account, notes, programs } from '../programs.ts'
import { accountOf, events, inOneOrder, rest, timedPrograms } from '../timedPrograms.ts'

/** How many, over all files: `npm run schedules` tries ten thousand. */
const all = Number(process.env.WALLARX_SCHEDULES ?? 600)
const files = 4

/** A law of what may happen to workers. */
type Law = <In>(
  program: () => OperatorFunction<In, string>,
  options: Pick<WorkersOptions<In>, 'key' | 'runs' | 'seed'> & { readonly input: fc.Arbitrary<readonly In[]> },
  rest?: number,
) => Promise<void>

const bare: Law = (program, options, rest) => workersThrough((client) => client, program, options, undefined, rest)

/** What may happen to workers, a share of it: a file of tests has a process of its own. `file` counts from 0. */
export function schedules(file: number, law: Law = bare): void {
  const count = [programs, timedPrograms, inOneOrder].flatMap(Object.keys).length
  const runs = Math.ceil(all / files / count)
  // In CI the seed is the same for all: each file tries others.
  const options = { runs, ...(process.env.CI !== undefined && { seed: 20_260_101 + file }) }
  const title = '%s: it does not matter what happens to the workers'

  test.each(Object.entries(programs))(
    title,
    (_, program) => law(program, { ...options, input: notes, key: account }),
    600_000,
  )
  test.each(Object.entries(timedPrograms))(
    title,
    (_, program) => law(program, { ...options, input: events, key: accountOf }, rest),
    600_000,
  )
  test.each(Object.entries(inOneOrder))(
    title,
    (_, program) => law(program, { ...options, input: events }, rest),
    600_000,
  )
}
