import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/files.ts'
import { closed, connect, frame, usedPort } from '../support/sockets.ts'
import { startReceiver, wallarx } from './wallarx.ts'

const portOf = (address: string): number => Number(address.split(':')[1])

describe('wallarx receive', () => {
  test('prints the messages of any number of connections, and --expect ends it', async () => {
    const program = await startReceiver('--expect', '3')
    const first = await connect(portOf(program.address))
    first.end('a\nb\n')
    await program.until(() => program.stdout() === 'a\nb\n')
    const second = await connect(portOf(program.address))
    second.write('c => 1\n')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe('a\nb\nc => 1\n')
    expect(program.stderr()).toMatch(/received 3 messages, 8 B in /)
  })

  test('more messages than expected are printed and fail', async () => {
    const program = await startReceiver('--expect', '2')
    const sender = await connect(portOf(program.address))
    sender.write('a\nb\nc\n')
    expect(await program.ended).toBe(1)
    expect(program.stdout()).toBe('a\nb\nc\n')
    expect(program.stderr()).toContain('wallarx receive: expected 2 messages, got 3. ')
  })

  test('fewer messages than expected when the time is up fail', async () => {
    const program = await startReceiver('--expect', '2', '--timeout', '0.3')
    const sender = await connect(portOf(program.address))
    sender.write('a\n')
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/wallarx receive: expected 2 messages, got [01]\. [^\n]+\n$/)
  })

  test('--timeout alone ends it in order', async () => {
    const program = wallarx('receive', '127.0.0.1:0', '--timeout', '0')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stderr()).toMatch(/received 0 messages, 0 B\n$/)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it in order, with the totals', async (signal) => {
    const program = await startReceiver()
    const sender = await connect(portOf(program.address))
    sender.write('a\n')
    await program.until(() => program.stdout() === 'a\n')
    program.process.kill(signal)
    expect(await program.ended).toBe(0)
    expect(program.stderr()).toMatch(/received 1 message, 1 B in /)
    await closed(sender)
  })

  test('SIGINT before as many have come as expected fails', async () => {
    const program = await startReceiver('--expect', '1')
    program.process.kill('SIGINT')
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toContain('expected 1 message, got 0')
  })

  test('--hex prints messages in hexadecimal', async () => {
    const program = await startReceiver('--framing', 'length', '--hex', '--expect', '3')
    const sender = await connect(portOf(program.address))
    sender.write(Buffer.concat([frame(Buffer.from([0, 255, 10])), frame(''), frame('a')]))
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe('00ff0a\n\n61\n')
  })

  test('--count prints how many came and no message', async () => {
    const program = await startReceiver('--count', '--expect', '2')
    const sender = await connect(portOf(program.address))
    sender.write('a\nb\n')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toMatch(/^2 messages, 2 B in [^\n]*\n$/)
  })

  test('--quiet prints nothing; errors it does', async () => {
    const program = wallarx('receive', '127.0.0.1:0', '--quiet', '--timeout', '0')
    expect(await program.ended).toBe(0)
    expect(program.stdout() + program.stderr()).toBe('')
  })

  test('--output writes the messages to a file', async () => {
    const path = join(temporaryFolder(), 'out')
    const program = await startReceiver('--output', path, '--expect', '2')
    const sender = await connect(portOf(program.address))
    sender.write('a\nb\n')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(readFileSync(path, 'utf8')).toBe('a\nb\n')
    expect(program.stdout()).toBe('')
  })

  test('an output that cannot be written is an error', async () => {
    const program = wallarx('receive', '127.0.0.1:0', '--output', join(temporaryFolder(), 'nowhere', 'out'))
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/wallarx receive: [^\n]*ENOENT[^\n]*\n$/)
  })

  test('--framing length reads what wallarx send sends', async () => {
    const program = await startReceiver('--framing', 'length', '--expect', '3')
    const sender = wallarx('send', program.address, '--keep-empty')
    sender.process.stdin.end('a\n\nb c\n')
    expect(await sender.ended, sender.stderr()).toBe(0)
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe('a\n\nb c\n')
  })

  test('--header-length says how many bytes the length has', async () => {
    const program = await startReceiver('--framing', 'length', '--header-length', '8', '--expect', '1')
    const sender = await connect(portOf(program.address))
    sender.write(Buffer.concat([Buffer.alloc(4), frame('a')]))
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe('a\n')
  })

  test('--framing none writes bytes as they come', async () => {
    const path = join(temporaryFolder(), 'out')
    const program = await startReceiver('--framing', 'none', '--output', path)
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256))
    const sender = await connect(portOf(program.address))
    sender.end(bytes)
    await closed(sender)
    program.process.kill('SIGINT')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect(program.stderr()).toMatch(/received 300\.0 kB\n$/)
  })

  test('a message that is cut off is reported, not counted', async () => {
    const program = await startReceiver()
    const sender = await connect(portOf(program.address))
    sender.end('whole\nhal')
    await program.until(() => program.stderr().includes('FRAME_CUT_OFF'))
    program.process.kill('SIGINT')
    expect(await program.ended).toBe(0)
    expect(program.stdout()).toBe('whole\n')
    expect(program.stderr()).toContain('received 1 message,')
  })

  test('a reader that has seen enough ends it quietly', async () => {
    const program = await startReceiver()
    const sender = await connect(portOf(program.address))
    sender.write('a\n')
    await program.until(() => program.stdout() === 'a\n')
    program.process.stdout.destroy()
    await new Promise((resolve) => program.process.stdout.once('close', resolve))
    sender.write('b\n')
    expect(await program.ended).toBe(0)
    expect(program.stderr()).toMatch(/^listening on \S+\n$/)
  })

  test('a port that is in use is told in one line that says what to do', async () => {
    const program = wallarx('receive', `127.0.0.1:${await usedPort()}`)
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx receive: [^\n]*in use; stop the process [^\n]*another port[^\n]*\n$/)
  })
})
