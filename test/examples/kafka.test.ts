import { expect, test } from 'vitest'
import { startExampleByName } from '../support/example.ts'

test('three workers count on a Kafka in memory, one is killed, and no count is missing or there twice', async () => {
  const program = startExampleByName('17-kafka')
  expect(await program.ended, program.stderr()).toBe(0)
  const text = program.stdout()
  expect(text).toMatch(/^ +\d+\.\d s {2}worker-1 is killed; 100 lines more come$/m)
  expect(text).toMatch(/counted: a 1200, is 800, rose 1200$/m)
  expect(text).toMatch(/each word was counted 1, 2, 3 … without a gap\n$/)
  // In the end the shards are the living workers', and each has one owner.
  const last = [...text.matchAll(/(worker-\d) owns the shards ([\d -]+)$/gm)].slice(-3)
  expect(last.map(([, worker]) => worker)).toEqual(['worker-2', 'worker-3', 'worker-4'])
  const owned = last.flatMap(([, , shards]) => shards!.split(' ').map(Number)).sort((one, other) => one - other)
  expect(owned).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('with brokers that are no addresses it is told in a line', async () => {
  const program = startExampleByName('17-kafka', '--brokers', '')
  expect(await program.ended).toBe(2)
  expect(program.stderr()).toMatch(/^kafka: /)
})
