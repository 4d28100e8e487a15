import { expect, test } from 'vitest'
import { exampleOverTcp } from '../support/example.ts'
import { frame } from '../support/sockets.ts'

test('reverses by code point, an empty text too, and goes on after a frame that is cut off', async () => {
  const { program, receiver, sender, connect } = await exampleOverTcp('reverse')
  const cutOff = await connect()
  cutOff.end(frame('never whole').subarray(0, 9))
  await program.until(() => program.stderr().includes('FRAME_CUT_OFF'))
  for (const text of ['1234', '5678', '1212', '1111', '', 'Grüße 👋', ' a\tb\n', '€']) sender.write(frame(text))
  const expected = '4321\n8765\n2121\n1111\n\n👋 eßürG\n\nb\ta \n€\n'
  await receiver.until(() => receiver.text().length >= expected.length)
  program.process.kill('SIGTERM')
  expect(await program.ended).toBe(0)
  expect(receiver.text()).toBe(expected)
  expect(program.stderr()).toMatch(
    /^Reverse Word: Reverse: dead letter FRAME_CUT_OFF: [^\n]*127\.0\.0\.1:\d+\)\n[^\n]*SIGTERM[^\n]*\n$/,
  )
})
