import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/files.ts'
import { startProgram } from '../../support/processes.ts'
import { connect, connectWhenOpen, frame, freePort, receive } from '../../support/sockets.ts'
import { eventually } from '../../support/watch.ts'

const imports = `
  import { interval, NEVER, Subject } from 'rxjs'
  import { fromAsyncIterable, fileSink, lengthPrefixed, run, statePartition, tcpSink, tcpSource } from 'wallarx'
  import { decode, to, toSink, toStatePartition } from 'wallarx/operators'
`

describe('the process of a run', () => {
  test('that nobody catches exits with 1 and shows the code and the stack of the user code that threw', async () => {
    const program = startProgram(`${imports}
      function divideByZero(n) { throw new RangeError('division by zero of ' + n) }
      const pipeline = fromAsyncIterable([1]).pipe(to(divideByZero))
      const app = await run({ name: 'app', pipelines: { 'the pipeline': pipeline } })
      await new Promise(() => setInterval(() => {}, 1000))
    `)
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toContain('COMPUTATION_FAILED')
    expect(program.stderr()).toContain('pipeline: the pipeline, step: divideByZero')
    expect(program.stderr()).toMatch(/RangeError: division by zero of 1\n\s+at (Object\.)?divideByZero/)
  })

  test('drains its other pipelines before it exits with 1', async () => {
    const receiver = await receive()
    const program = startProgram(`${imports}
      const lines = fromAsyncIterable(Array.from({ length: 1000 }, (_, n) => n + '\\n'))
      const failing = new Subject()
      const watch = to((line) => { if (line === '500\\n') failing.next(); return line })
      await run({
        name: 'app',
        pipelines: {
          lines: lines.pipe(watch, toSink(tcpSink({ connect: '${receiver.address}' }))),
          failing: failing.pipe(to(() => { throw new Error('in the other pipeline') })),
        },
      })
    `)
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toContain('Error: in the other pipeline')
    await receiver.until(() => receiver.connections[0]?.ended === true)
    const lines = receiver.text().split('\n').slice(0, -1)
    expect(lines.length).toBeGreaterThan(500)
    expect(lines).toEqual(lines.map((_, n) => String(n)))
  })

  test('is not kept by its monitor, whoever is connected to it', async () => {
    const program = startProgram(`${imports}
      process.stdin.resume()
      const app = await run({ name: 'app', pipelines: { none: NEVER }, monitor: { listen: 0 }, handleSignals: false })
      process.stdin.on('end', () => console.log('nothing is left to do'))
    `)
    await program.until(() => program.stderr().includes('monitor: '))
    const url = /monitor: (\S+)/.exec(program.stderr())![1]!
    const idle = await connect(Number(new URL(url).port))
    const aborting = new AbortController()
    const events = await fetch(`${url}events`, { signal: aborting.signal })
    expect(events.status).toBe(200)
    program.process.stdin.end()
    await program.ended
    expect(program.stdout()).toBe('nothing is left to do\n')
    aborting.abort()
    idle.destroy()
  })

  test('exits with 0 by itself when every pipeline has completed, and after close: no handle is left', async () => {
    const receiver = await receive()
    const program = startProgram(`${imports}
      const options = { name: 'app', log: false }
      const finite = fromAsyncIterable(['a', 'b']).pipe(toSink(tcpSink({ connect: '${receiver.address}' })))
      const first = await run({ ...options, pipelines: { finite } })
      await first.closed
      const listening = { listen: '127.0.0.1:0', framing: lengthPrefixed(4), idleTimeout: 60_000 }
      const endless = {
        tcp: tcpSource(listening).pipe(toSink(fileSink({ path: '-' }))),
        interval: interval(10).pipe(to(String), toSink(tcpSink({ connect: '${receiver.address}' }))),
        never: NEVER,
      }
      const second = await run({ ...options, pipelines: endless, drainTimeout: 60_000 })
      await second.close()
      console.log('closed')
    `)
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe('closed\n')
    expect(program.stderr()).toBe('')
  })

  test('exits with 0 after close although the receivers and senders keep their connections open', async () => {
    const receiver = await receive({ onConnection: ({ socket }) => (socket.allowHalfOpen = true) })
    const port = await freePort()
    const program = startProgram(`${imports}
      const source = tcpSource({ listen: '127.0.0.1:${port}', framing: lengthPrefixed(4) })
      const pipeline = source.pipe(decode(String), toSink(tcpSink({ connect: '${receiver.address}' })))
      const app = await run({ name: 'app', pipelines: { pipeline } })
      await app.closed
    `)
    const client = await connectWhenOpen(port, program.hasEnded)
    client.write(frame('hello'))
    await receiver.until(() => receiver.text() === 'hello')
    program.process.kill('SIGTERM')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stderr()).toBe('app: SIGTERM: stopping the sources and draining; once more to exit at once\n')
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'drains at %s, also where it comes twice, and exits at once with %i at one later',
    async (signal, code) => {
      const program = startProgram(`${imports}
      const stuck = { name: 'stuck', open: () => ({ write() {}, abort() {}, close: () => new Promise(() => {}) }) }
      const source = tcpSource({ listen: '127.0.0.1:0', framing: lengthPrefixed(4) })
      await run({ name: 'app', pipelines: { pipeline: source.pipe(toSink(stuck)) } })
      setInterval(() => {}, 1000)
      console.log('running')
    `)
      await program.until(() => program.stdout() === 'running\n')
      program.process.kill(signal)
      await program.until(() => program.stderr().includes('draining'))
      expect(program.hasEnded()).toBe(false)
      await eventually(() => program.hasEnded() || !program.process.kill(signal))
      expect(await program.ended).toBe(code)
      expect(program.stderr().match(/draining/g)).toHaveLength(1)
    },
  )

  test('drains at a Ctrl-C that comes from the terminal and, passed on, from its parent', async () => {
    const receiver = await receive()
    const program = startProgram(`${imports}
      const line = async (n) => { await new Promise((resolve) => setTimeout(resolve, 20)); return n + '\\n' }
      const slow = to(line, { concurrency: 1 })
      const numbers = fromAsyncIterable((function* () { for (let n = 0; ; n++) yield n })())
      const sink = toSink(tcpSink({ connect: '${receiver.address}' }))
      await run({ name: 'app', pipelines: { pipeline: numbers.pipe(slow, sink) } })
    `)
    await receiver.until(() => receiver.text().includes('1\n'))
    program.process.kill('SIGINT')
    program.process.kill('SIGINT')
    program.process.kill('SIGTERM')
    expect(await program.ended, program.stderr()).toBe(0)
  })

  test('keeps the signals to itself with handleSignals false', async () => {
    const program = startProgram(`${imports}
      const app = await run({ name: 'app', pipelines: { pipeline: NEVER }, handleSignals: false })
      setInterval(() => {}, 1000)
      console.log('running')
    `)
    await program.until(() => program.stdout() === 'running\n')
    program.process.kill('SIGTERM')
    expect(await program.ended).toBe('SIGTERM')
    expect(program.stderr()).toBe('')
  })

  test('two runs of one process both end at one signal', async () => {
    const program = startProgram(`${imports}
      const apps = await Promise.all(['one', 'two'].map((name) => run({ name, pipelines: { pipeline: NEVER } })))
      const alive = setInterval(() => {}, 1000)
      console.log('running')
      await Promise.all(apps.map((app) => app.closed))
      clearInterval(alive)
      console.log(apps.map((app) => app.lifecycle).join())
    `)
    await program.until(() => program.stdout() === 'running\n')
    program.process.kill('SIGINT')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe('running\nclosed,closed\n')
  })
})

test('killed again and again before any message is in a checkpoint, it has appended each output once', async () => {
  const folder = temporaryFolder()
  const [input, output] = [join(folder, 'in'), join(folder, 'out')]
  const lines = Array.from({ length: 50_000 }, (_, number) => `${number}\n`).join('')
  writeFileSync(input, lines)
  writeFileSync(output, 'before\n')
  const program = `
    import { NEVER, concat } from 'rxjs'
    import { delimited, fileSink, fileSource, lmdbStore, run } from 'wallarx'
    import { encode, toSink } from 'wallarx/operators'
    const lines = fileSource({ path: ${JSON.stringify(input)}, framing: delimited('\\n') })
    await run({
      name: 'appending',
      pipelines: {
        copy: concat(lines, NEVER).pipe(
          encode((line) => line + '\\n'),
          toSink(fileSink({ path: ${JSON.stringify(output)}, append: true })),
        ),
      },
      store: lmdbStore(${JSON.stringify(join(folder, 'state'))}),
      checkpointInterval: 1_000_000,
    })
  `
  for (let time = 0; time < 3; time++) {
    const appending = startProgram(program)
    await eventually(() => appending.hasEnded() || statSync(output).size === 7 + lines.length)
    appending.process.kill('SIGKILL')
    expect(await appending.ended, appending.stderr()).toBe('SIGKILL')
    expect(readFileSync(output, 'utf8')).toBe(`before\n${lines}`)
    if (time < 2) appendFileSync(output, 'what the killed process wrote last')
  }
})
