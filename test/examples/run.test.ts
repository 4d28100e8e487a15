/** `npm run example`: by name, as a user starts an example, and what each does when nothing more is said. */
import { existsSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { startExampleByName } from '../support/example.ts'
import { startNode } from '../support/processes.ts'

const names = readdirSync('examples')
  .filter((folder) => /^\d\d-/.test(folder) && existsSync(`examples/${folder}/main.ts`)) // the others are tests
  .map((folder) => folder.slice(3))

test('without a name it says which examples there are', async () => {
  const program = startNode('--import', 'tsx', 'examples/run.ts')
  expect(await program.ended, program.stderr()).toBe(0)
  for (const name of names) expect(program.stdout()).toMatch(new RegExp(`^ {2}npm run example -- ${name} +\\S.*$`, 'm'))
  expect(program.stderr()).toBe('')
})

test('an unknown name is refused with exit code 2, and says which there are', async () => {
  const program = startExampleByName('alphabat')
  expect(await program.ended).toBe(2)
  expect(program.stderr()).toMatch(
    /^There is no example "alphabat"\. Runs an example:\n[^]*npm run example -- alphabet /,
  )
  expect(program.stdout()).toBe('')
})

describe('what a user can mend is told in a line', () => {
  test.each([
    ['an unknown flag', ['--input', 'x'], /^alphabet: Unknown option '--input'/],
    ['a bad address', ['--in', 'localhost'], /^alphabet: expected an address HOST:PORT .*, got "localhost"\n/],
  ])('%s, with exit code 2 and where to find help', async (_, args, message) => {
    const program = startExampleByName('alphabet', ...args)
    expect(await program.ended).toBe(2)
    expect(program.stderr()).toMatch(message)
    expect(program.stderr()).toMatch(/^.*\nTry npm run example -- alphabet --help\n$/)
  })

  test('a file that is missing, with exit code 1', async () => {
    const program = startExampleByName('reverse', '--in', 'file:/no/such/file')
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^reverse: expected to read \/no\/such\/file, got Error: ENOENT.*\n$/)
  })
})

describe('an example of which nothing is said shows what it does with its sample', () => {
  test.each([
    [
      'alphabet',
      ['a => 5428', 'b => 1', 'z => 9999', 'a => 5440', 'm => 4294967295', 'b => 42', 'm => 4294967296', 'a => 5441'],
    ],
    ['celsius', ['32.000000', '212.000000', '-40.000000', '122.000000', '97.879997', '32.001801', '8906.107422']],
    ['reverse', ['4321', '8765', '2121', '1111', '!dlroW ,olleH', '👋 eßürG']],
    [
      'market-spread',
      [
        'rejected ORD001: buy 100 A at 100.03, bid 100, offer 100.06',
        'rejected ORD003: buy 1000 AA at 0.52, bid 0.5, offer 0.53',
      ],
    ],
    [
      'sequence-window',
      Array.from({ length: 26 }, (_, n) => `[${[n - 5, n - 3, n - 1, n + 1].map((x) => Math.max(x, 0)).join(',')}]`),
    ],
  ])('%s', async (name, lines) => {
    const program = startExampleByName(name)
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe(lines.map((line) => `${line}\n`).join(''))
    // One vote of the sample is for "A", which is no key.
    if (name === 'alphabet') expect(program.stderr()).toMatch(/^[^\n]*KEY_NOT_IN_PARTITION[^\n]*key: 65\)\n$/)
    else expect(program.stderr()).toBe('')
  })
})
