import { expect, test } from 'vitest'
import { startNode } from '../support/processes.ts'

const crashTest = (...args: string[]) => startNode('--import', 'tsx', 'test/crash/main.ts', ...args)

// `npm run crash-test -- --runs 200` does what these do, long enough to find what is rare.
test.each([
  ['file', 5],
  ['ix', 5],
  ['time', 3],
  ['join', 3],
  ['market-spread', 3],
  ['sequence-window', 3],
  ['alerts', 3],
  ['follow', 5],
  ['tcp', 5],
  ['acknowledged', 5],
])(
  'nothing is lost or comes twice when the %s application is killed and stopped',
  async (course, kills) => {
    const program = crashTest('--runs', String(kills), '--seed', '7', '--only', course)
    expect(await program.ended, program.stdout() + program.stderr()).toBe(0)
    expect(program.stdout()).toMatch(
      new RegExp(
        `^${course}: runs \\d+, kills [${kills}-9], stops 1, complete passes [2-9], lost 0, duplicated 0`,
        'm',
      ),
    )
    expect(program.stdout()).toMatch(/^seed 7: nothing wrong$/m)
  },
  240_000, // a dozen processes, one after the other: 15 s, and 90 s on a machine that does much else
)

test('no damage to the files of a store ends a process, or goes unnoticed where it harms something', async () => {
  const program = crashTest('--runs', '30', '--seed', '7', '--only', 'damage')
  expect(await program.ended, program.stdout() + program.stderr()).toBe(0)
  expect(program.stdout()).toMatch(/^damage: told \d+, harmless \d+, torn \d+, silent 0, crashed 0, \d+ s$/m)
  expect(program.stdout()).toMatch(/^seed 7: nothing wrong$/m)
}, 60_000)

test('an option it does not know is an error in a line', async () => {
  const program = crashTest('--runs', 'many')
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toBe('crash-test: --runs many: expected a whole number from 1\nTry --help.\n')
})
