import { expect, test } from 'vitest'
import { exampleOverTcp } from '../support/example.ts'
import { frame } from '../support/sockets.ts'

function numberFrame(number: bigint | number): Buffer {
  const payload = Buffer.alloc(8)
  payload.writeBigUInt64BE(BigInt(number))
  return frame(payload)
}

/** The frames for the numbers from 1 on. */
const windows = (last: number): string =>
  Array.from({ length: last }, (_, index) => {
    const number = index + 1
    const window = [number - 6, number - 4, number - 2, number].map((value) => Math.max(value, 0))
    return frame(`[${window.join(',')}]`).toString('latin1')
  }).join('')

test('each number gives the last four of its parity, although some become many and some are filtered', async () => {
  const { program, receiver, sender, connect } = await exampleOverTcp('sequence-window')
  let sent = 0
  const sendUpTo = (last: number): void => {
    while (sent < last) sender.write(numberFrame(++sent))
  }
  const shows = async (last: number): Promise<void> => {
    await receiver.until(() => receiver.text().length >= windows(last).length)
    expect(receiver.text()).toBe(windows(last))
  }
  sendUpTo(12)
  await shows(14) // 12 brings 13 and 14 with it
  sendUpTo(13)
  sendUpTo(200)
  await shows(200) // so 13 and 14 have brought nothing themselves
  sendUpTo(1000)
  await shows(1000)

  const cutOff = await connect()
  cutOff.end(numberFrame(1).subarray(0, 11))
  await program.until(() => program.stderr().includes('FRAME_CUT_OFF'))
  sender.write(Buffer.concat([frame(''), frame('7 bytes'), numberFrame(2n ** 64n - 1n)]))
  const all = windows(1000) + frame('[995,997,999,18446744073709551615]').toString('latin1')
  await receiver.until(() => receiver.text().length >= all.length)
  program.process.kill('SIGTERM')
  expect(await program.ended).toBe(0)
  expect(receiver.text()).toBe(all)
  expect(program.stderr()).toMatch(
    /DECODE_FAILED: expected a message in a frame of 0 bytes [^]*DECODE_FAILED: 1 more\n/,
  )
})
