import { expect, test } from 'vitest'
import { crashes, crashTest } from './crashes.ts'

crashes([
  ['file', 1],
  ['ix', 1],
  ['time', 1],
  ['join', 1],
  ['tcp', 1],
])

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
