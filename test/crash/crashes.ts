import { expect, test } from 'vitest'
import { startNode, type Program } from '../support/processes.ts'
import { compiledProgram } from '../support/programs.ts'
import type { Course } from './commandLine.ts'

export const crashTest = (...args: string[]): Program => startNode(compiledProgram('test/crash/main.ts'), ...args)

/** What `npm run crash-test -- --runs 200` does long enough to find what is rare: with so many kills of each. */
export function crashes(courses: readonly (readonly [course: Course, kills: number])[]): void {
  test.each(courses)(
    'nothing is lost or comes twice when the %s application is killed and stopped',
    async (course, kills) => {
      const program = crashTest('--runs', String(kills), '--seed', '7', '--only', course)
      expect(await program.ended, program.stdout() + program.stderr()).toBe(0)
      expect(program.stdout()).toMatch(
        new RegExp(
          `^${course}: runs \\d+, kills [${kills}-9], stops 1, complete passes [1-9], lost 0, duplicated 0`,
          'm',
        ),
      )
      expect(program.stdout()).toMatch(/^seed 7: nothing wrong$/m)
    },
    240_000, // a dozen processes, one after the other: 15 s, and 90 s on a machine that does much else
  )
}
