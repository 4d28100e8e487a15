import fc from 'fast-check'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lmdbStore } from 'wallarx'
import { exampleOverTcp } from '../support/example.ts'
import { temporaryFolder } from '../support/files.ts'
import { frame } from '../support/sockets.ts'

type Vote = readonly [letter: string, votes: number]

function voteFrame([letter, votes]: Vote): Buffer {
  const payload = Buffer.from(`${letter}....`)
  payload.writeUInt32BE(votes, 1)
  return frame(payload)
}

const votes = (count: number, seed: number): Vote[] =>
  fc.sample(fc.tuple(fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyz')), fc.integer({ min: 1, max: 9999 })), {
    numRuns: count,
    seed,
  })

/** The lines for these votes, in order. */
function totalled(all: readonly Vote[], totals = new Map<string, number>()): string[] {
  return all.map(([letter, votes]) => {
    const total = (totals.get(letter) ?? 0) + votes
    totals.set(letter, total)
    return `${letter} => ${total}\n`
  })
}

test('1,000 votes give 1,000 running totals, byte by byte, and what is no vote is a dead letter', async () => {
  const { program, receiver, sender, connect } = await exampleOverTcp('alphabet')
  sender.write(Buffer.from('000000056100001534', 'hex'))
  const bytes = Buffer.concat(votes(1000, 1).map(voteFrame))
  for (let at = 0; at < bytes.length; at += 7) sender.write(bytes.subarray(at, at + 7))
  const expected = totalled([['a', 5428], ...votes(1000, 1)])
  await receiver.until(() => receiver.text().length >= expected.join('').length)
  expect(receiver.text()).toBe(expected.join(''))

  const cutOff = await connect()
  cutOff.end(voteFrame(['a', 1]).subarray(0, 6))
  await program.until(() => program.stderr().includes('FRAME_CUT_OFF'))
  sender.write(Buffer.concat([voteFrame(['A', 1]), frame(''), frame('a...'), voteFrame(['é', 1])]))
  // Totals go beyond 32 bits; a payload that is too long is read as far as it goes.
  const more: Vote[] = [...Array.from({ length: 3 }, (): Vote => ['q', 2 ** 32 - 1]), ['a', 1]]
  sender.write(Buffer.concat(more.map(voteFrame)))
  const all = totalled([['a', 5428], ...votes(1000, 1), ...more]).join('')
  await receiver.until(() => receiver.text().length >= all.length)
  program.process.kill('SIGTERM')
  expect(await program.ended).toBe(0)
  expect(receiver.text()).toBe(all)
  const letters = program.stderr().match(/(?<=Alphabet: Alphabet: dead letter ).+/g)
  expect(letters!.sort()).toEqual([
    'DECODE_FAILED: 1 more',
    expect.stringMatching(/^DECODE_FAILED: expected a message in a frame of 0 bytes <>, got /),
    expect.stringMatching(/^FRAME_CUT_OFF: .*connection: 127\.0\.0\.1:\d+\)$/),
    'KEY_NOT_IN_PARTITION: 1 more',
    expect.stringMatching(/^KEY_NOT_IN_PARTITION: expected one of the 26 keys .*: 65\)$/),
  ])
})

/** Resolves when a checkpoint has written an entity; looks into the store beside the application. */
async function checkpointed(state: string): Promise<void> {
  for (;;) {
    const store = await lmdbStore(state, { readOnly: true }).open()
    const entities = [...store.range(Buffer.from('E'))].length
    await store.close()
    if (entities > 0) return
  }
}

test('killed and started again with --state it goes on from its totals: none is lost, none counted twice', async () => {
  const state = join(temporaryFolder(), 'state')
  const all = votes(900, 2)
  const expected = totalled(all)
  const first = await exampleOverTcp('alphabet', '--state', state, '--checkpoint-interval', '20')
  const sees = (count: number): Promise<void> =>
    first.receiver.until(() => first.receiver.text() === expected.slice(0, count).join(''))
  first.sender.write(Buffer.concat(all.slice(0, 300).map(voteFrame)))
  await sees(300)
  await checkpointed(state)
  first.sender.write(Buffer.concat(all.slice(300, 600).map(voteFrame)))
  await sees(600)
  first.program.process.kill('SIGKILL')
  expect(await first.program.ended).toBe('SIGKILL')

  const second = await exampleOverTcp('alphabet', '--state', state)
  second.sender.write(Buffer.concat(all.slice(600).map(voteFrame)))
  await second.receiver.until(() => second.receiver.text().endsWith(expected.slice(600).join('')))
  second.program.process.kill('SIGTERM')
  expect(await second.program.ended, second.program.stderr()).toBe(0)
  // Before the new ones come those that were behind the last checkpoint, a second time.
  expect(expected.join('').endsWith(second.receiver.text())).toBe(true)
  expect(second.receiver.text().length).toBeLessThan(expected.join('').length)
})
