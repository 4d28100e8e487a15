/** `npm start | head`: whoever reads what a program prints has seen enough, and closes the pipe. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startExampleByName } from '../support/example.ts'
import { temporaryFolder } from '../support/files.ts'
import { startProgramOf, type Program } from '../support/processes.ts'

/** A line of a shell that fails with what fails first in it. */
const shell = (line: string): Program =>
  startProgramOf('bash', '-c', `set -o pipefail; export NO_UPDATE_NOTIFIER=1; ${line}`)

/** npm prints four lines before the program begins: with one the pipe is closed by then, with five soon after. */
describe.runIf(process.platform !== 'win32')('it ends quietly, with code 0', () => {
  test.each([
    'npm start -- --seconds 60 --state STATE | head -n 1',
    'npm start -- --seconds 60 --state STATE | head -n 5',
    'npm run example | head -n 1',
    'npm run example -- reverse | head -n 1',
    'npm run example -- mixing-operators | head -n 5',
    'npm run word-count -- --in file:examples/data/river.txt --out file:- | head -n 5',
    'npm run word-count -- --help | head -n 1',
  ])('%s', async (command) => {
    const program = shell(command.replace('STATE', join(temporaryFolder(), 'state')))
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stderr()).toBe('')
  })

  test('where errors go to the same pipe too', async () => {
    const program = shell('npm run example -- alphabet 2>&1 | head -n 1')
    expect(await program.ended, program.stdout()).toBe(0)
  })
})

test.each(['reverse', 'subject-service'])('%s, not started by npm, ends with code 0', async (name) => {
  const program = startExampleByName(name)
  program.process.stdout.destroy()
  expect(await program.ended, program.stderr()).toBe(0)
  expect(program.stderr()).toBe('')
})

test('an output that fails otherwise is told', async () => {
  const program = startExampleByName('reverse', '--out', 'file:/no/such/folder/file')
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toContain('ENOENT')
})
