import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startExampleByName } from '../support/example.ts'
import { temporaryFolder } from '../support/files.ts'

const line = (status: number): string => `::1 - - [01/Dec/2026:09:00:00 +0000] "GET / HTTP/1.1" ${status} 512\n`

test('follow counts the log that it writes and rotates itself', async () => {
  const program = startExampleByName('follow')
  expect(await program.ended, program.stderr()).toBe(0)
  const lines = program.stdout().trimEnd().split('\n')
  expect(lines).toHaveLength(18)
  expect(lines.slice(0, 4)).toEqual(['200 => 1', '200 => 2', '404 => 1', '302 => 1'])
  expect(lines.at(-1)).toBe('200 => 10')
})

test('follow goes on with what was written and rotated while it was stopped', async () => {
  const path = join(temporaryFolder(), 'access.log')
  const state = join(temporaryFolder(), 'state')
  writeFileSync(path, line(200) + line(404))
  const first = startExampleByName('follow', '--in', path, '--state', state)
  await first.until(() => first.stdout() === '200 => 1\n404 => 1\n')
  first.process.kill('SIGTERM')
  expect(await first.ended, first.stderr()).toBe(0)

  appendFileSync(path, line(200))
  renameSync(path, `${path}.1`)
  writeFileSync(path, line(500) + 'no request\n')
  const second = startExampleByName('follow', '--in', path, '--state', state)
  await second.until(() => second.stdout() === '200 => 2\n500 => 1\n' && second.stderr().includes('DECODE_FAILED'))
  second.process.kill('SIGTERM')
  expect(await second.ended, second.stderr()).toBe(0)
}, 60_000)
