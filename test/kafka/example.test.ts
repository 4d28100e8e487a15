import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { startNode, type Program } from '../support/processes.ts'

const id = randomUUID().slice(0, 8)
const example = (): Program => {
  const node = ['--import', 'tsx', '--import', './test/kafka/register.js', 'examples/run.ts', '17-kafka']
  return startNode(...node, '--brokers', inject('brokers'), '--in', `lines-${id}`, '--out', `words-${id}`)
}

test('example 17 kills a worker, starts another one, finds every count right, and can be run again', async () => {
  for (const topics of ['made topic', 'topic']) {
    const program = example()
    expect(await program.ended, program.stdout() + program.stderr()).toBe(0)
    const text = program.stdout()
    expect(text).toMatch(new RegExp(`^${topics} lines-${id}`, 'm'))
    expect(text).toContain('worker-2 is killed')
    expect(text).toMatch(/each word was counted 1, 2, 3 … without a gap, and as often as it was sent$/m)
    const owned = [...text.matchAll(/(worker-\d) owns the shards ([\d ]+)$/gm)]
    // three, then two, then three workers, with all shards each time
    expect(owned.map(([, worker]) => worker)).toEqual(
      ['1', '2', '3', '1', '3', '1', '3', '4'].map((name) => `worker-${name}`),
    )
    for (const some of [owned.slice(0, 3), owned.slice(3, 5), owned.slice(5)]) {
      const shards = some.flatMap(([, , list]) => list!.split(' ').map(Number)).sort()
      expect(shards).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    }
  }
}, 240_000)

test('Ctrl-C stops example 17 and all its workers', async () => {
  const program = example()
  await program.until(() => program.stdout().includes('counted: '))
  program.process.kill('SIGINT')
  expect(await program.ended, program.stderr()).toBe(130)
  expect(program.stdout()).toContain('stopped; no process is left behind')
}, 120_000)
