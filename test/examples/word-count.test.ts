/** The example as a user starts it: a process. It runs dist; `npm test` builds it first. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFile, temporaryFolder } from '../support/files.ts'
import { startExample, type Program } from '../support/processes.ts'
import { closed, connectWhenOpen, frame, freePort, receive, usedPort, write } from '../support/sockets.ts'
import { createWatch, eventually, settled } from '../support/watch.ts'

const wordCount = (...args: string[]): Program => startExample('01-word-count', ...args)

/** What the example must write for words in this order. */
function counted(words: readonly string[]): string {
  const counts = new Map<string, number>()
  return words
    .map((word) => {
      const count = (counts.get(word) ?? 0) + 1
      counts.set(word, count)
      return `${word} => ${count}\n`
    })
    .join('')
}

/** The last count of each word, when each word's counts are 1, 2, 3, … with none missing and none twice. */
function lastCounts(output: string): Map<string, number> {
  expect(output.endsWith('\n')).toBe(true)
  const counts = new Map<string, number>()
  for (const line of output.split('\n').slice(0, -1)) {
    const [, word, count] = /^(\S+) => (\d+)$/.exec(line) ?? []
    if (word === undefined) throw new Error(`no line of the example: ${JSON.stringify(line)}`)
    if (Number(count) !== (counts.get(word) ?? 0) + 1) throw new Error(`${line} after ${counts.get(word) ?? 0}`)
    counts.set(word, Number(count))
  }
  return counts
}

describe('files in, file out', () => {
  test('counts the words of a text byte by byte as expected, and exits by itself', async () => {
    const input = temporaryFile(
      'The quick brown fox\njumps over the lazy dog.\n\nDon’t -- "stop", THE DOG!\nno newline',
    )
    const output = join(temporaryFolder(), 'out')
    const program = wordCount('--in', `file:${input}`, '--out', `file:${output}`)
    expect(await program.ended, program.stderr()).toBe(0)
    expect(readFileSync(output, 'utf8')).toBe(
      'the => 1\nquick => 1\nbrown => 1\nfox => 1\njumps => 1\nover => 1\nthe => 2\nlazy => 1\ndog => 1\n' +
        'don’t => 1\nstop => 1\nthe => 3\ndog => 2\nno => 1\nnewline => 1\n',
    )
    expect(program.stdout()).toBe('')
    expect(program.stderr()).toBe('')
  })

  test('reads several files, standard input among them, and writes several, standard output among them', async () => {
    const inputs = [temporaryFile('one two\n'), temporaryFile('two three\n')]
    const output = join(temporaryFolder(), 'out')
    const program = wordCount(
      '--in',
      `${inputs.map((path) => `file:${path}`).join(',')},file:-`,
      '--out',
      `file:-,file:${output}`,
    )
    program.process.stdin.end('three one\n')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe(readFileSync(output, 'utf8'))
    expect(lastCounts(program.stdout())).toEqual(new Map([...'one two three'.split(' ')].map((word) => [word, 2])))
  })

  test('the example text of any size comes through', async () => {
    const words = Array.from({ length: 200_000 }, (_, n) => `word${n % 977}`)
    const lines = words.map((word, n) => word + (n % 11 === 10 ? '\n' : ' ')).join('')
    const program = wordCount('--in', 'file:-', '--out', 'file:-')
    program.process.stdin.end(lines)
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe(counted(words))
  })
})

describe('TCP in, TCP out', () => {
  // Wallaroo's own vectors. A piece that is nothing but punctuation is no word here; Wallaroo's Go worker died of it.
  const vectors: [string, string[]][] = [
    ['Hello, hello!  World', ['hello', 'hello', 'world']],
    ["don't -- stop", ["don't", 'stop']],
    ['A\nB a', ['a', 'b', 'a']],
    ['123 abc', ['123', 'abc']],
    ['x\ty', ['x\ty']],
    [' ', []],
    ['', []],
    ['"(quoted)" [x]: {y}~', ['quoted', 'x', 'y']],
    ['Ärger über ÄRGER', ['ärger', 'über', 'ärger']],
  ]

  test('splits and counts as Wallaroo does, message by message', async () => {
    const receiver = await receive()
    const port = await freePort()
    const program = wordCount('--in', `127.0.0.1:${port}`, '--out', receiver.address)
    const sender = await connectWhenOpen(port, program.hasEnded)
    for (const [text] of vectors) sender.write(frame(text))
    const expected = counted(vectors.flatMap(([, words]) => words))
    await receiver.until(() => receiver.text().length >= expected.length)
    expect(receiver.text()).toBe(expected)
    program.process.kill('SIGTERM')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(receiver.text()).toBe(expected)
  })

  test('takes inputs of both kinds, counts them together and writes to several outputs of both kinds', async () => {
    const receivers = [await receive(), await receive()]
    const ports = [await freePort(), await freePort()]
    const output = join(temporaryFolder(), 'out')
    const program = wordCount(
      '--in',
      [...ports.map((port) => `127.0.0.1:${port}`), `file:${temporaryFile('all all\n')}`].join(','),
      '--out',
      [...receivers.map(({ address }) => address), `file:${output}`].join(','),
    )
    const senders = [...ports, ports[0]!].map((port) => connectWhenOpen(port, program.hasEnded))
    for (const sender of await Promise.all(senders)) for (let n = 0; n < 1000; n++) sender.write(frame(`all n${n}`))
    for (const receiver of receivers) await receiver.until(() => receiver.text().includes('all => 3002\n'))
    program.process.kill('SIGINT')
    expect(await program.ended, program.stderr()).toBe(0)
    const text = readFileSync(output, 'utf8')
    for (const receiver of receivers) expect(receiver.text()).toBe(text)
    const counts = lastCounts(text)
    expect(counts.get('all')).toBe(3002)
    for (let n = 0; n < 1000; n++) expect(counts.get(`n${n}`)).toBe(3)
  })

  test('garbage on the port is one dead letter in the log and harms no other client', async () => {
    const receiver = await receive()
    const port = await freePort()
    const program = wordCount('--in', `127.0.0.1:${port}`, '--out', receiver.address)
    const good = await connectWhenOpen(port, program.hasEnded)
    const half = frame('good day').subarray(0, 7)
    await write(good, half)
    const bad = await connectWhenOpen(port, program.hasEnded)
    bad.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await closed(bad)
    good.write(frame('good day').subarray(7))
    await receiver.until(() => receiver.text() === 'good => 1\nday => 1\n')
    await program.until(() => program.stderr().includes('FRAME_TOO_LONG'))
    expect(program.stderr()).toMatch(
      new RegExp(
        '^Word Count Application: Split and Count: dead letter FRAME_TOO_LONG: ' +
          'expected a frame of at most 1048576 bytes, got a header that announces 1195725856 bytes ' +
          String.raw`\(.*connection: 127\.0\.0\.1:\d+\)\n$`,
      ),
    )
    program.process.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  test('waits for a receiver that starts later', async () => {
    const port = await freePort()
    const output = await freePort()
    const program = wordCount('--in', `127.0.0.1:${port}`, '--out', `127.0.0.1:${output}`)
    const sender = await connectWhenOpen(port, program.hasEnded)
    sender.write(frame('early bird'))
    await program.until(() => program.stderr().includes('cannot connect'))
    const receiver = await receive({ port: output })
    await receiver.until(() => receiver.text() === 'early => 1\nbird => 1\n')
  })
})

describe('a stop under load', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s exits with 0, and every count is in the output without a gap',
    async (signal) => {
      const receiver = await receive()
      const port = await freePort()
      const program = wordCount('--in', `127.0.0.1:${port}`, '--out', receiver.address)
      const senders = await Promise.all([0, 1, 2].map(() => connectWhenOpen(port, program.hasEnded)))
      // What was seen through must stay, whatever the stop meets afterwards.
      const known = 3000
      for (const [at, sender] of senders.entries()) {
        for (let n = 0; n < 1000; n++) sender.write(frame(`all known${at}`))
      }
      await receiver.until(() => receiver.text().includes(`all => ${known}\n`))
      for (const sender of senders)
        keepWriting(sender, Buffer.concat(Array.from({ length: 500 }, () => frame('all more load'))))
      const before = receiver.text().length
      await receiver.until(() => receiver.text().length > before + 1_000_000)

      program.process.kill(signal)
      expect(await program.ended, program.stderr()).toBe(0)
      await receiver.until(() => receiver.connections[0]!.ended)
      const counts = lastCounts(receiver.text())
      for (const at of senders.keys()) expect(counts.get(`known${at}`)).toBe(1000)
      // Whole messages only: each that counted `all` also counted the words after it.
      expect(counts.get('more')).toBe(counts.get('all')! - known)
      expect(counts.get('load')).toBe(counts.get('more'))
      for (const sender of senders) await closed(sender)
    },
  )

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'a later %s exits at once with %i, when draining waits for a receiver that is not there',
    async (signal, code) => {
      const port = await freePort()
      const program = wordCount('--in', `127.0.0.1:${port}`, '--out', `127.0.0.1:${await freePort()}`)
      const sender = await connectWhenOpen(port, program.hasEnded)
      sender.write(frame('never counted'))
      await program.until(() => /cannot connect: .* [1-9]\d* bytes wait/.test(program.stderr()))
      program.process.kill(signal)
      await program.until(() => program.stderr().includes(`${signal}: stopping the sources and draining`))
      await closed(sender) // the sources have stopped
      expect(program.hasEnded()).toBe(false)
      await eventually(() => program.hasEnded() || !program.process.kill(signal)) // at once it is the same wish
      expect(await program.ended).toBe(code)
    },
  )
})

describe('a receiver that stops reading', () => {
  const memory = (program: Program, field: 'VmRSS' | 'VmHWM'): number => {
    const status = readFileSync(`/proc/${program.process.pid!}/status`, 'utf8')
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) * 1024
  }
  const MiB = 1024 * 1024

  test.skipIf(!existsSync('/proc/self/status'))(
    'stops the sender, costs a bounded amount of memory, and gets everything in order when it reads on (needs /proc)',
    { timeout: 60_000 },
    async () => {
      const words = Array.from({ length: 8 }, (_, n) => `${n}`.repeat(1000))
      const message = frame(words.join(' '))
      const chunk = Buffer.concat(Array.from({ length: 8 }, () => message))
      const chunks = Math.ceil((96 * MiB) / chunk.length)

      const watch = createWatch()
      let receiving: Socket | undefined
      let received = 0
      let lines = 0 // whole ones; each is checked as it comes
      let rest = ''
      const receiver = await receive({
        onConnection({ socket }) {
          receiving = socket
          socket.removeAllListeners('data') // 100 MiB are not to be kept
          socket.pause()
          socket.on('data', (text: string) => {
            received += text.length
            const all = (rest + text).split('\n')
            rest = all.pop()!
            for (const line of all) {
              const expected = `${words[lines % 8]!} => ${Math.floor(lines / 8) + 1}`
              if (line !== expected)
                throw new Error(`line ${lines}: ${line.slice(-20)} in place of ${expected.slice(-20)}`)
              lines++
            }
            watch.changed()
          })
        },
      })
      const port = await freePort()
      const program = wordCount('--in', `127.0.0.1:${port}`, '--out', receiver.address)
      const sender = await connectWhenOpen(port, program.hasEnded)
      await receiver.until(() => receiving !== undefined)
      const before = memory(program, 'VmRSS')

      let sent = 0
      const send = (): void => {
        while (sent < chunks) {
          sent++
          if (!sender.write(chunk)) {
            sender.once('drain', send)
            return
          }
        }
      }
      send()
      await settled(() => sender.bytesWritten - sender.writableLength)
      expect(sent).toBeLessThan(chunks)
      expect(received).toBe(0)
      expect(memory(program, 'VmHWM') - before).toBeLessThan(96 * MiB)

      receiving!.resume()
      await watch.until(() => lines === chunks * 8 * 8)
      expect(rest).toBe('')
      expect(memory(program, 'VmHWM') - before).toBeLessThan(128 * MiB)
      program.process.kill('SIGTERM')
      expect(await program.ended, program.stderr()).toBe(0)
    },
  )
})

describe('what a user can mend', () => {
  const out = ['--out', 'file:-']

  test.each([
    ['no flag at all', [], /^word-count: --in is missing: give it HOST:PORT or file:PATH\n/],
    ['a missing flag', ['--in', 'file:-'], /^word-count: --out is missing/],
    ['an empty list', ['--in', ',', ...out], /^word-count: --in is missing/],
    ['an unknown flag', ['--input', 'file:-', ...out], /^word-count: Unknown option '--input'/],
    [
      'a bad address',
      ['--in', 'localhost', ...out],
      /^word-count: expected an address HOST:PORT .*, got "localhost"\n/,
    ],
    [
      'a bad port',
      ['--in', '127.0.0.1:99999', ...out],
      /^word-count: expected an address .*, got "127\.0\.0\.1:99999"\n/,
    ],
    [
      'a bad address out',
      ['--in', 'file:-', '--out', 'nowhere'],
      /^word-count: expected an address .*, got "nowhere"\n/,
    ],
    ['a path that is missing', ['--in', 'file:', ...out], /^word-count: expected path to be the path of a file/],
    [
      'a checkpoint interval that is no number',
      ['--in', 'file:-', ...out, '--checkpoint-interval', 'soon'],
      /^word-count: expected checkpointInterval to be /,
    ],
  ])('%s is told in a line and where to find help, with exit code 1 and no stack', async (_, args, message) => {
    const program = wordCount(...args)
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(message)
    expect(program.stderr()).toMatch(/^.*\nTry --help\.\n$/)
    expect(program.stdout()).toBe('')
  })

  test.each([
    [
      'a missing file',
      ['--in', 'file:/no/such/file', ...out],
      /^word-count: expected to read \/no\/such\/file, got Error: ENOENT.*\n$/,
    ],
    [
      'a missing folder',
      ['--in', 'file:/dev/null', '--out', 'file:/no/such/out'],
      /^word-count: expected to write to the sink, got Error: ENOENT.*\/no\/such\/out.*\n$/,
    ],
  ])('%s is told in a line alone: help on the flags would not help', async (_, args, message) => {
    const program = wordCount(...args)
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(message)
    expect(program.stdout()).toBe('')
  })

  test('a port in use is told in a line, with what to do, and no receiver gets a connection that stays', async () => {
    const used = await usedPort()
    const receiver = await receive()
    const program = wordCount('--in', `127.0.0.1:${await freePort()},127.0.0.1:${used}`, '--out', receiver.address)
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toBe(
      `word-count: expected to listen on 127.0.0.1:${used}, got an address that is in use; stop the process that ` +
        `listens there or choose another port (source: tcp 127.0.0.1:${used})\n`,
    )
    expect(receiver.text()).toBe('')
  })

  test('a reader of standard output that has seen enough ends it quietly', async () => {
    const program = wordCount('--in', 'file:-', '--out', 'file:-')
    program.process.stdin.write('a\n')
    await program.until(() => program.stdout() === 'a => 1\n')
    program.process.stdout.destroy()
    await new Promise((resolve) => program.process.stdout.once('close', resolve))
    program.process.stdin.write('b\n')
    expect(await program.ended).toBe(0)
    expect(program.stderr()).toBe('')
  })

  test('--help shows how it is used', async () => {
    const program = wordCount('--help')
    expect(await program.ended).toBe(0)
    expect(program.stdout()).toContain('--in LIST')
    expect(program.stderr()).toBe('')
  })
})

/** Writes the same bytes again and again, as fast as they are taken. */
function keepWriting(socket: Socket, bytes: Buffer): void {
  let writing = true
  onTestFinished(() => {
    writing = false
  })
  const more = (error?: Error | null): void => {
    if (writing && !error && !socket.destroyed) socket.write(bytes, more)
  }
  more()
}
