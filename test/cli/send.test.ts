import { describe, expect, onTestFinished, test } from 'vitest'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { temporaryFile, temporaryFolder } from '../support/files.ts'
import { frame, freePort, receive } from '../support/sockets.ts'
import { wallarx } from './wallarx.ts'

const frames = (...texts: string[]): string => Buffer.concat(texts.map(frame)).toString('utf8')

describe('wallarx send', () => {
  test('sends each line of a file as a message preceded by its length', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, temporaryFile('one\ntwo words\r\n\nlast without a newline'))
    expect(await program.ended, program.stderr()).toBe(0)
    await receiver.until(() => receiver.connections[0]?.ended === true)
    expect(receiver.text()).toBe(frames('one', 'two words', 'last without a newline'))
    expect(program.stderr()).toMatch(/^sent 3 messages, 34 B in /)
    expect(program.stdout()).toBe('')
  })

  test.each([[['-']], [[]]])('sends standard input when the file is %j, each line as it comes', async (file) => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, ...file)
    program.process.stdin.write('first\n')
    await receiver.until(() => receiver.text() === frames('first'))
    program.process.stdin.end('second\n')
    expect(await program.ended, program.stderr()).toBe(0)
    await receiver.until(() => receiver.text() === frames('first', 'second'))
  })

  test('--keep-empty sends empty lines too', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, '--keep-empty', temporaryFile('a\n\r\n\nb\n'))
    expect(await program.ended, program.stderr()).toBe(0)
    await receiver.until(() => receiver.text() === frames('a', '', '', 'b'))
  })

  test('--hex takes lines in hexadecimal, and names one that is none', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, '--hex', temporaryFile('61 00001534\r\n\n0A0d\n6z\n'))
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx send: line 4 is not bytes of two hexadecimal digits each\. [^\n]+\n$/)
    const good = wallarx('send', receiver.address, '--hex', temporaryFile('61 00001534\r\n\n0A0d\n'))
    expect(await good.ended, good.stderr()).toBe(0)
    await receiver.until(() => receiver.connections.at(-1)!.text === frames('a\0\0\x15\x34', '\n\r'))
  })

  test('--framing newline ends each message with a newline', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, '--framing', 'newline', temporaryFile('a\r\nb'))
    expect(await program.ended, program.stderr()).toBe(0)
    await receiver.until(() => receiver.text() === 'a\nb\n')
  })

  test('--header-length says how many bytes the length has; a line that does not fit is named', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, '--header-length', '1', temporaryFile(`a\n${'b'.repeat(256)}\n`))
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx send: line 2 has 256 bytes[^\n]*--header-length[^\n]*\n$/)
  })

  test('--repeat sends the file so many times', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, '--repeat', '3', temporaryFile('a\nb'))
    expect(await program.ended, program.stderr()).toBe(0)
    await receiver.until(() => receiver.text() === frames('a', 'b', 'a', 'b', 'a', 'b'))
  })

  test('--repeat 0 sends until SIGINT, which leaves whole messages, the totals and exit code 130', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, '--repeat', '0', temporaryFile('a\n'.repeat(10_000)))
    await receiver.until(() => receiver.text().length >= 100_000)
    program.process.kill('SIGINT')
    expect(await program.ended).toBe(130)
    await receiver.until(() => receiver.connections[0]!.ended)
    const [, count] = /^stopped: ([\d,]+) messages/.exec(program.stderr())!
    expect(receiver.text()).toBe(frames('a').repeat(Number(count!.replaceAll(',', ''))))
  })

  test('--rate spaces messages: what is not due yet has not come when it is stopped', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, '--rate', '0.001', temporaryFile('now\nmuch later\n'))
    await receiver.until(() => receiver.text() === frames('now'))
    program.process.kill('SIGINT')
    expect(await program.ended).toBe(130)
    expect(receiver.text()).toBe(frames('now'))
    expect(program.stderr()).toMatch(/^stopped: 1 message,/)
  })

  test('a file that is not there is told before anything is sent', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, 'no-such-file')
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toBe('wallarx send: there is no file "no-such-file". Check the path\n')
    expect(receiver.connections).toEqual([])
  })

  test('a directory is no file', async () => {
    const program = wallarx('send', '127.0.0.1:1', temporaryFolder())
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx send: [^\n]* is a directory. Name a file\n$/)
  })

  test('where nothing listens, it says what to start', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const program = wallarx('send', address, temporaryFile('a\n'))
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx send: nothing listens on [^\n]*\n$/)
    expect(program.stderr()).toContain(`wallarx receive ${address} --framing length`)
  })

  test('--wait waits for somebody to listen', async () => {
    const port = await freePort()
    const program = wallarx('send', `127.0.0.1:${port}`, '--wait', '15', temporaryFile('a\n'))
    const receiver = await receive({ port })
    expect(await program.ended, program.stderr()).toBe(0)
    await receiver.until(() => receiver.text() === frames('a'))
  })

  test('a receiver that goes away in mid-stream is an error that says how much was written', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address, '--repeat', '0', temporaryFile('a\n'.repeat(10_000)))
    await receiver.until(() => receiver.text().length > 0)
    await receiver.die()
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(
      /^wallarx send: the connection to \S+ was lost \(\w+\) when [\d,]+ messages? had been written[^\n]*\n$/,
    )
  })

  test('a receiver that ends the connection in order while there is more to send is the same error', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address)
    program.process.stdin.write('a\n')
    await receiver.until(() => receiver.text() === frames('a'))
    const [connection] = receiver.connections
    connection!.socket.end()
    await receiver.until(() => connection!.ended)
    program.process.stdin.write('b\n')
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/closed by the receiver\) when 1 message had been written/)
  })

  test('a receiver that has what it wanted may end the connection first', async () => {
    const receiver = await receive()
    const program = wallarx('send', receiver.address)
    program.process.stdin.write('a\n')
    await receiver.until(() => receiver.text() === frames('a'))
    const [connection] = receiver.connections
    connection!.socket.end()
    await receiver.until(() => connection!.ended)
    program.process.stdin.end()
    expect(await program.ended, program.stderr()).toBe(0)
  })

  test.runIf(process.platform === 'linux')(
    'a receiver that does not read stops the reading of a big file; memory stays bounded',
    async () => {
      const path = temporaryFile(`${'x'.repeat(1023)}\n`.repeat(200 * 1024)) // 200 MiB
      let held: Socket | undefined
      const server = createServer({ pauseOnConnect: true }, (socket) => {
        held = socket
      }).listen(0, '127.0.0.1')
      onTestFinished(() => {
        held?.destroy()
        server.close()
      })
      await once(server, 'listening')
      const program = wallarx('send', `127.0.0.1:${(server.address() as AddressInfo).port}`, path)
      if (held === undefined) await once(server, 'connection')
      const { pid } = program.process
      const number = (file: string, name: string): number =>
        Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid!}/${file}`, 'utf8'))![1])
      // It stands still once the kernel's buffers are full.
      for (let last = -1, now = 0, same = 0; same < 20; last = now) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        now = number('io', 'rchar')
        same = now === last ? same + 1 : 0
      }
      expect(number('io', 'rchar')).toBeLessThan(50 * 1024 * 1024)
      let received = 0
      held!.on('data', (chunk) => (received += chunk.length)).resume()
      await once(held!, 'end')
      expect(await program.ended, program.stderr()).toBe(0)
      expect(received).toBe(200 * 1024 * (4 + 1023))
    },
  )
})
