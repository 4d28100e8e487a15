import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exampleOverTcp, startExampleByName } from '../support/example.ts'
import { temporaryFile, temporaryFolder } from '../support/files.ts'
import { frame } from '../support/sockets.ts'

/** The amount that Wallaroo's generator makes after this one. Its remainder is never below 0. */
function next(amount: bigint): bigint {
  const remainder = (amount * 2305843009213693951n + 7n) % 2500n
  return (remainder < 0n ? remainder + 2500n : remainder) - 1250n
}

const line = (id: string | number, amount: bigint): string =>
  `${amount > 0n ? 'Deposit' : 'Withdrawal'} Alert for ${id}: ${amount}\n`

function stateless(count: number): string {
  let text = ''
  for (let id = 0, amount = 1n; id < count; id++, amount = next(amount)) {
    if (amount > 1000n || amount < -1000n) text += line(id, amount)
  }
  return text
}

function stateful(count: number): string {
  const users = ['Fido', 'Rex', 'Dr. Whiskers', 'Feathers', 'Mountaineer']
  const totals = [1n, 0n, 0n, 0n, 0n]
  let text = '' // the first transaction, of 1, raises no alert
  for (let n = 1, last = 1n; n < count; n++) {
    const user = n % 5
    let amount = next(last)
    if (totals[user]! > 5000n) amount = -6000n
    else if (totals[user]! < -5000n) amount = 6000n
    const total = (totals[user]! += amount)
    if (total > 2000n || total < -2000n) text += line(users[user]!, total)
    last = amount
  }
  return text
}

test.each([
  ['stateless', [], stateless],
  ['stateful', ['--stateful'], stateful],
] as const)(
  '%s: raises the alerts that Wallaroo raises for the transactions it makes up',
  async (_, args, expected) => {
    const program = startExampleByName('alerts', ...args, '--count', '5000')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe(expected(5000))
    expect(program.stderr()).toBe('')
  },
)

test('stateless: alerts begin above 1000 and below -1000; a line that is no transaction is a dead letter', async () => {
  const input = temporaryFile('a 1000\na b 1001\nc\n\nd -1000\ne -1001\nf 1e9\nlast -5000')
  const output = join(temporaryFolder(), 'out')
  const program = startExampleByName('alerts', '--in', `file:${input}`, '--out', `file:${output}`)
  expect(await program.ended, program.stderr()).toBe(0)
  expect(readFileSync(output, 'utf8')).toBe(
    'Deposit Alert for a b: 1001\nWithdrawal Alert for e: -1001\nWithdrawal Alert for last: -5000\n',
  )
  expect(program.stderr()).toMatch(/dead letter DECODE_FAILED: .*a transaction is ID AMOUNT, the amount a whole number/)
  expect(program.stderr()).toContain('DECODE_FAILED: 2 more\n')
})

test('stateful: an alert begins where a total is above 2000 or below -2000, each user for himself', async () => {
  const { program, receiver, sender, connect } = await exampleOverTcp('alerts', '--stateful')
  const cutOff = await connect()
  cutOff.end(frame('Rex 9000').subarray(0, 10))
  await program.until(() => program.stderr().includes('FRAME_CUT_OFF'))
  const transactions = ['Rex 2000', 'Fido -2000', '', 'Rex 1', 'Fido -1', 'Rex -1', 'Dr. Whiskers 2001', 'Fido 5000']
  for (const text of transactions) sender.write(frame(text))
  const expected =
    'Deposit Alert for Rex: 2001\nWithdrawal Alert for Fido: -2001\nDeposit Alert for Dr. Whiskers: 2001\n' +
    'Deposit Alert for Fido: 2999\n'
  await receiver.until(() => receiver.text().length >= expected.length)
  program.process.kill('SIGTERM')
  expect(await program.ended).toBe(0)
  expect(receiver.text()).toBe(expected)
  expect(program.stderr()).toMatch(/DECODE_FAILED: expected a message in a frame of 0 bytes/)
})
