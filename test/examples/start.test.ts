import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { lmdbStore } from 'wallarx'
import type { MonitorReport } from '../../src/monitor/report.ts'
import { temporaryFolder } from '../support/files.ts'
import { startGroup, startNode, type Program } from '../support/processes.ts'
import { compiledProgram } from '../support/programs.ts'
import { isFree } from '../support/sockets.ts'

// Each test starts applications of several processes, one after another.
vi.setConfig({ testTimeout: 60_000 })

/** Starts it with a state of its own; a later `--state` counts. */
const start = (...args: string[]): Program =>
  startNode(compiledProgram('examples/start.ts'), '--state', join(temporaryFolder(), 'state'), ...args)

/** Starts it, waits for its good end, and gives the number of words it went on from. */
async function goesOnFrom(state: string, ...args: string[]): Promise<number> {
  const program = start('--state', state, '--seconds', '0.2', ...args)
  expect(await program.ended, program.stderr()).toBe(0)
  expect(program.stderr()).toBe('')
  expect(program.stdout()).toContain('counts verified')
  const [, words] = /goes on from ([\d,]+) words counted before/.exec(program.stdout()) ?? []
  return words === undefined ? 0 : Number(words.replaceAll(',', ''))
}

/** How many words it says it sent. */
const sentBy = (program: Program): number =>
  Number(/messages, ([\d,]+) words in/.exec(program.stdout())![1]!.replaceAll(',', ''))

/** The ports in use by the receiver and the application, once both listen. */
async function ports(program: Program): Promise<number[]> {
  await program.until(() => program.hasEnded() || program.stdout().includes('sender'))
  return [...program.stdout().matchAll(/listens on 127\.0\.0\.1:(\d+)/g)].map((match) => Number(match[1]))
}

test('npm start counts, verifies the counts, shows the top words and ends with code 0', async () => {
  const program = start('--seconds', '0.2')
  expect(await program.ended, program.stderr()).toBe(0)
  expect(program.stdout()).toContain('counts verified')
  expect(program.stdout()).toMatch(/^ {2}the +[\d,]+ {2}#+$/m)
  expect(program.stdout()).toMatch(/messages\/s/)
  expect(program.stdout()).toContain('npx wallarx receive')
  expect(program.stderr()).toBe('')
})

test('with --stay, as on a terminal, its page stays until Ctrl-C, with the words that were counted', async () => {
  const program = start('--seconds', '0.2', '--stay')
  await program.until(() => program.stdout().includes('until Ctrl-C'))
  const url = /shows itself at (http:\S+)/.exec(program.stdout())![1]!
  expect(await (await fetch(url)).text()).toContain('<title>')
  const status = async () => (await (await fetch(new URL('status', url))).json()) as MonitorReport
  const wordsIn = ({ pipelines }: MonitorReport) => pipelines[0]!.nodes.find(({ kind }) => kind === 'sink')!.in
  const sent = sentBy(program)
  await vi.waitFor(async () => expect(wordsIn(await status())).toBeGreaterThan(sent), { timeout: 10_000 })
  expect(program.hasEnded()).toBe(false)
  program.process.kill('SIGINT')
  expect(await program.ended).toBe(0)
  expect(program.stderr()).toBe('')
  await expect(fetch(url)).rejects.toThrow()
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends it with code %d and leaves no process behind', async (signal, code) => {
  const program = start('--seconds', '60')
  const used = await ports(program)
  expect(used).toHaveLength(2)
  program.process.kill(signal)
  expect(await program.ended).toBe(code)
  expect(program.stderr()).toBe('stopped; nothing is left running\n')
  for (const port of used) expect(await isFree(port)).toBe(true)
})

test('a second start goes on from the counts of the first, and --fresh begins anew', async () => {
  const state = join(temporaryFolder(), 'state')
  const first = start('--state', state, '--seconds', '0.2')
  expect(await first.ended, first.stderr()).toBe(0)
  expect(first.stdout()).not.toContain('goes on from')
  expect(await goesOnFrom(state)).toBe(sentBy(first))
  expect(await goesOnFrom(state)).toBeGreaterThan(sentBy(first))
  expect(await goesOnFrom(state, '--fresh')).toBe(0)
})

test('--fresh leaves other files alone, and refuses a directory without a store and one that is in use', async () => {
  const other = temporaryFolder()
  writeFileSync(join(other, 'mine'), 'mine')
  const refused = start('--state', other, '--fresh')
  expect(await refused.ended).toBe(1)
  expect(refused.stderr()).toContain('holds none')
  expect(readFileSync(join(other, 'mine'), 'utf8')).toBe('mine')

  const store = await lmdbStore(other).open()
  const inUse = start('--state', other, '--fresh')
  expect(await inUse.ended).toBe(1)
  expect(inUse.stderr()).toContain('expected a store that nobody has open')
  await store.close()

  mkdirSync(join(other, 'journal'))
  expect(await goesOnFrom(other, '--fresh')).toBe(0)
  expect(existsSync(join(other, 'mine'))).toBe(true)
})

test.each(['SIGINT', 'SIGTERM'] as const)('after %s in the middle the next start goes on', async (signal) => {
  const state = join(temporaryFolder(), 'state')
  const program = start('--state', state, '--seconds', '60')
  await program.until(() => / [1-9][\d,]* words {2}/.test(program.stdout()))
  program.process.kill(signal)
  await program.ended
  expect(program.stderr()).toBe('stopped; nothing is left running\n')
  expect(await goesOnFrom(state)).toBeGreaterThan(0)
})

test.runIf(process.platform !== 'win32')(
  'after a Ctrl-C in a terminal, which every process of it gets and npm passes on, nothing is left to catch up with',
  async () => {
    const state = join(temporaryFolder(), 'state')
    const program = startGroup(compiledProgram('examples/start.ts'), '--state', state, '--seconds', '60')
    await program.until(() => / [1-9][\d,]* words {2}/.test(program.stdout()))
    process.kill(-program.process.pid!, 'SIGINT')
    process.kill(program.process.pid!, 'SIGINT')
    expect(await program.ended).toBe(130)
    expect(program.stderr()).toBe('stopped; nothing is left running\n')
    const next = start('--state', state, '--seconds', '0.2')
    expect(await next.ended, next.stderr()).toBe(0)
    expect(next.stdout()).toContain('goes on from')
    expect(next.stdout()).not.toContain('before it was interrupted')
  },
)

test('a reader that has seen enough of it ends it quietly, and nothing is left behind', async () => {
  const program = start('--seconds', '60')
  const used = await ports(program)
  program.process.stdout.destroy()
  expect(await program.ended).toBe(0)
  expect(program.stderr()).toBe('')
  for (const port of used) expect(await isFree(port)).toBe(true)
})

test.runIf(process.platform === 'linux')('after an application that was killed the next start catches up', async () => {
  const state = join(temporaryFolder(), 'state')
  const program = start('--state', state, '--seconds', '60')
  await program.until(() => / [1-9][\d,]* words {2}/.test(program.stdout()))
  killApplication(program)
  expect(await program.ended).toBe(1)
  expect(await goesOnFrom(state)).toBeGreaterThan(0)
})

/** Ends the application that it started at once. */
function killApplication(program: Program): void {
  const pid = program.process.pid!
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  for (const child of children) {
    if (readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('01-word-count')) process.kill(Number(child), 'SIGKILL')
  }
}

test.runIf(process.platform === 'linux')('an application that dies is told, with exit code 1', async () => {
  const program = start('--seconds', '60')
  const used = await ports(program)
  killApplication(program)
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toContain('the application ended with SIGKILL in the middle of its work')
  for (const port of used) expect(await isFree(port)).toBe(true)
})

test('a wrong option is refused with exit code 2', async () => {
  const program = start('--seconds', 'many')
  expect(await program.ended).toBe(2)
  expect(program.stderr()).toBe('start: --seconds wants a number above 0, not "many". Try npm start -- --help\n')
})
