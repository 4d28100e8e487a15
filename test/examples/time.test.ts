import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startExampleByName } from '../support/example.ts'

describe('on its sample', () => {
  test.each([
    [
      'words-per-minute',
      [
        ...['09:00:00 on 1', '09:00:00 the 3', '09:00:00 runs 2', '09:00:00 river 3'],
        ...['09:00:45 too late: the', '09:00:45 too late: late', '09:00:45 too late: boat'],
        ...['09:01:00 on 1', '09:01:00 the 2', '09:01:00 sea 2', '09:01:00 waits 1'],
        ...['09:02:00 the 1', '09:02:00 boat 1'],
      ],
    ],
    [
      'silent-sensor',
      [
        '09:10:09 cellar has been silent since 09:05:09',
        '09:12:00 cellar is back',
        '09:17:00 cellar has been silent since 09:12:00',
        '09:18:00 kitchen has been silent since 09:13:00',
      ],
    ],
  ])('%s prints what it should', async (name, lines) => {
    const program = startExampleByName(name)
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout().trimEnd().split('\n')).toEqual(lines)
    expect(program.stderr()).toBe('')
  })

  test('orders-and-payments misses no payment, in whatever turns its files are read', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wallarx-test-'))
    const [out, visits] = [join(directory, 'out'), join(directory, 'visits')]
    const program = startExampleByName('orders-and-payments', '--out', out, '--visits', visits)
    expect(await program.ended, program.stderr()).toBe(0)
    expect((await readFile(out, 'utf8')).trimEnd().split('\n').sort()).toEqual([
      'order 1 was paid after 4 min',
      'order 2 was not paid within half an hour',
      'order 3 was paid after 20 min',
      'order 4 was paid after 3 min',
    ])
    expect(await readFile(visits, 'utf8')).toBe(
      'bob came at 09:01: /\nann came at 09:00: / /boats /cart\nbob came at 09:40: /sea\nann came at 09:41: /\n',
    )
    expect(program.stderr()).toBe('')
  })
})

test('words-per-minute goes on with open minutes after a stop', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wallarx-test-'))
  const state = join(directory, 'state')
  const lines = (await readFile('examples/data/said.txt', 'utf8')).split('\n')
  const first = startExampleByName('words-per-minute', '--in', '-', '--state', state)
  first.process.stdin.write([...lines.slice(0, 3), ...lines.slice(7, 8), ''].join('\n'))
  await first.until(() => first.stdout().includes('09:00:00 runs 2'))
  first.process.kill('SIGTERM')
  expect(await first.ended, first.stderr()).toBe(0)
  expect(first.stdout()).not.toContain('09:02:00')

  const rest = join(directory, 'rest')
  await writeFile(rest, '2026-03-01T09:02:30Z the boat\n')
  const second = startExampleByName('words-per-minute', '--in', rest, '--state', state)
  expect(await second.ended, second.stderr()).toBe(0)
  expect(second.stdout()).toBe('09:02:00 the 2\n09:02:00 boat 2\n')
})
