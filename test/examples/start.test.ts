import { expect, test } from 'vitest'
import { startNode, type Program } from '../support/processes.ts'
import { isFree } from '../support/sockets.ts'

const start = (...args: string[]): Program => startNode('--import', 'tsx', 'examples/start.ts', ...args)

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

test.runIf(process.platform === 'linux')('an application that dies is told, with exit code 1', async () => {
  const { readFileSync } = await import('node:fs')
  const program = start('--seconds', '60')
  const used = await ports(program)
  const pid = program.process.pid!
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  for (const child of children) {
    if (readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('01-word-count')) process.kill(Number(child), 'SIGKILL')
  }
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toContain('the application ended with SIGKILL in the middle of its work')
  for (const port of used) expect(await isFree(port)).toBe(true)
})

test('a wrong option is refused with exit code 2', async () => {
  const program = start('--seconds', 'many')
  expect(await program.ended).toBe(2)
  expect(program.stderr()).toBe('start: --seconds wants a number above 0, not "many". Try npm start -- --help\n')
})
