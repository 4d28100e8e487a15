/** `wallarx send --acknowledged` and `wallarx receive --acknowledged`. */
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse as parseReceive } from '../../src/cli/receive/options.ts'
import { parse as parseSend } from '../../src/cli/send/options.ts'
import { temporaryFile, temporaryFolder } from '../support/files.ts'
import { freePort } from '../support/sockets.ts'
import { eventually } from '../support/watch.ts'
import { wallarx } from './wallarx.ts'

const text = (count: number): string => Array.from({ length: count }, (_, number) => `line ${number}\n`).join('')

test('both go on after Ctrl-C and a kill, also with what the file has got since: each line comes once', async () => {
  const folder = temporaryFolder()
  const [input, output] = [join(folder, 'in'), join(folder, 'out')]
  const count = 100_000
  writeFileSync(input, text(count))
  const address = `127.0.0.1:${await freePort()}`
  const receive = () => wallarx('receive', '--acknowledged', address, '--output', output, '--quiet')
  const send = () => wallarx('send', '--acknowledged', 'lines', address, input)
  const size = (): number => (existsSync(output) ? statSync(output).size : 0)
  const grown = async (): Promise<void> => {
    const before = size()
    await eventually(() => size() > before || before === text(count).length)
  }

  let receiver = receive()
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const sender = send()
    await grown()
    sender.process.kill(signal)
    expect([signal, 130, 0]).toContain(await sender.ended)
    if (signal === 'SIGINT') expect(sender.stderr()).toMatch(/the same command goes on$|all acknowledged$/m)
    receiver.process.kill(signal)
    await receiver.ended
    receiver = receive()
  }
  const last = send()
  expect(await last.ended, last.stderr()).toBe(0)
  expect(last.stderr()).toMatch(/^sent [\d,]+ messages? in .*, all acknowledged$/m)
  appendFileSync(input, 'more\n')
  const more = send()
  expect(await more.ended, more.stderr()).toBe(0)
  expect(more.stderr()).toMatch(/^sent 1 message in .*, all acknowledged$/m)
  receiver.process.kill('SIGINT')
  expect(await receiver.ended, receiver.stderr()).toBe(0)
  expect(readFileSync(output, 'utf8') === `${text(count)}more\n`).toBe(true)
}, 60_000)

test('another sender of the same name is refused, and told what to do', async () => {
  const folder = temporaryFolder()
  const address = `127.0.0.1:${await freePort()}`
  const receiver = wallarx('receive', '--acknowledged', address, '--output', join(folder, 'out'), '--quiet')
  const first = wallarx('send', '--acknowledged', 'lines', address, temporaryFile('a\n'))
  expect(await first.ended, first.stderr()).toBe(0)
  const second = wallarx('send', '--acknowledged', 'lines', address, temporaryFile('b\n'))
  expect(await second.ended).toBe(1)
  expect(second.stderr()).toMatch(/stream lines.*another name of the stream/)
  receiver.process.kill('SIGINT')
  await receiver.ended
  expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('a\n')
})

test.each([
  [['--acknowledged', 'a', '127.0.0.1:1'], /--acknowledged needs a FILE/],
  [['--acknowledged', 'a', '127.0.0.1:1', 'in', '--rate', '5'], /--acknowledged and --rate exclude/],
  [['--acknowledged', '', '127.0.0.1:1', 'in'], /a name of 1 to 255 bytes/],
  [['--state', 'a', '127.0.0.1:1', 'in'], /--state needs --acknowledged/],
])('wallarx send %j is refused', (args, why) => {
  expect(() => parseSend(args)).toThrow(why)
})

test.each([
  [['--acknowledged', '127.0.0.1:1'], /--acknowledged needs --output FILE/],
  [['--acknowledged', '--output', 'a', '--framing', 'length', '127.0.0.1:1'], /--framing exclude/],
  [['--state', 'a', '127.0.0.1:1'], /--state needs --acknowledged/],
])('wallarx receive %j is refused', (args, why) => {
  expect(() => parseReceive(args)).toThrow(why)
})
