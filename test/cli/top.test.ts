import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readEvents } from '../../src/cli/monitor/eventStream.ts'
import type { ServerEvent } from '../../src/monitor/page/view/eventStream.ts'
import { render } from '../../src/cli/top/render.ts'
import { short, shortTime } from '../../src/cli/top/table.ts'
import type { MonitorReport } from '../../src/monitor/report.ts'
import { startMonitorServer } from '../support/monitorServer.ts'
import { startProgramOf, type Program } from '../support/processes.ts'
import { at, latency, moving, node, pipeline, report, throughput } from '../support/reports.ts'
import { freePort } from '../support/sockets.ts'
import { wallarx } from './wallarx.ts'

const stalled = pipeline('Lines', {
  nodes: [
    node('lines in', 'source', { throughput: throughput(0), latency: latency(0) }),
    node('split into words, which is a rather long name', 'step', {
      throughput: throughput(0.5),
      latency: latency(123),
    }),
    node('counts out', 'sink', { buffer: { used: 1_048_576, highWaterMark: 1_048_576, unit: 'bytes' } }),
  ].map((one) => ({ ...one, throughput: { ...throughput(0), min: 0, median: 1234, max: 123_456 } })),
  holds: [{ name: 'counts out', since: at - 12_000 }],
  held: [{ name: 'counts out', count: 3, time: 34_000 }],
  deadLetters: 5,
  deadLettersByCode: { DECODE_FAILED: 4, FRAME_TOO_LONG: 1 },
  inFlight: 2,
  watermarks: [{ name: 'time of a word', at: at - 83_000, heldBy: 'lines/2' }, { name: 'time of a line' }],
})

const everything: MonitorReport = report({
  worker: 'w1',
  pipelines: [stalled, moving('Other', 12_345)],
  partitions: [
    { name: 'Words', entities: 1_234_567, stored: 1_300_000, hottest: [{ key: '42', count: 900, time: 12 }] },
  ],
  checkpoints: { count: 7, last: [{ at: at - 3000, duration: 12, held: 2, entities: 34, bytes: 5600 }] },
  journals: [{ name: 'lines', bytes: 12_000_000 }],
  cluster: {
    shards: { Words: { owned: [0, 1], restoring: [{ shard: 2, read: 0.5 }] } },
    lag: { lines: 17 },
    lastCommit: at - 100,
    transactions: 9,
    packs: 8,
    rejoined: 1,
  },
})

const watched = (of: MonitorReport | undefined, problem?: string): Parameters<typeof render>[0][number] => ({
  address: { url: new URL('http://h:1/'), shown: 'http://h:1', token: undefined },
  report: of,
  problem,
})

describe('the tables', () => {
  test('answer first, and show what there is in 80 columns', () => {
    expect(render([watched(everything)], 80).join('\n')).toMatchSnapshot()
  })

  test('are no wider than they may be, whatever the names', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 80, max: 200 }), (name, width) => {
        const named = { ...stalled, name, nodes: stalled.nodes.map((one) => ({ ...one, name })), held: [] }
        const lines = render([watched({ ...everything, application: name, pipelines: [named] })], width)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
        expect(lines.join('')).not.toMatch(/\p{Cc}/u)
      }),
    )
  })

  test('of several begin with who is worst off, and each has its own', () => {
    const well = watched(report({ worker: 'w2', pipelines: [moving('Lines', 5)] }))
    const lines = render([well, watched(everything), watched(undefined, 'nothing listens at http://h:1')], 80)
    expect(lines[0]).toBe('http://h:1: nothing listens at http://h:1.')
    expect(render([well, watched(everything)], 80)[0]).toMatch(/^w1: Pipeline Lines is held for 12 s by sink/)
    expect(lines.filter((line) => line.startsWith('Word count, worker'))).toHaveLength(2)
  })

  test('numbers take at most five characters', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1e18, noNaN: true }), (number) => short(number).length <= 5))
    fc.assert(fc.property(fc.double({ min: 0, max: 9e8, noNaN: true }), (time) => shortTime(time).length <= 6))
    expect([0, 0.4, 7, 999, 999.9, 12_345, 4_500_000].map(short)).toEqual([
      '0',
      '0.4',
      '7',
      '999',
      '1.0k',
      '12.3k',
      '4.5M',
    ])
    expect([0, 0.012, 0.5, 12.34, 999, 1500].map(shortTime)).toEqual(['-', '0.012', '0.50', '12.3', '999', '1.5s'])
  })
})

test('events are read however the text is cut, with any line end', async () => {
  const events = fc.array(
    fc.record({ event: fc.constantFrom('report', 'a b'), data: fc.stringMatching(/^[ -~ä\n]*$/) }),
  )
  await fc.assert(
    fc.asyncProperty(events, fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(9)), async (sent, end, cuts) => {
      const text = sent
        .map(({ event, data }) => [
          `: hello`,
          `event: ${event}`,
          ...data.split('\n').map((line) => `data: ${line}`),
          '',
          '',
        ])
        .map((lines) => lines.join(end))
        .join('')
      const chunks = async function* (): AsyncGenerator<string> {
        let from = 0
        for (const cut of cuts) yield await Promise.resolve(text.slice(from, (from += cut)))
        yield text.slice(from)
      }
      const read: ServerEvent[] = []
      for await (const event of readEvents(chunks())) read.push(event)
      // The last carriage return may be the first half of a line end.
      expect(read).toEqual(end === '\r' ? sent.slice(0, read.length) : sent)
      expect(read.length).toBeGreaterThanOrEqual(sent.length - 1)
    }),
  )
})

describe('wallarx top', () => {
  test('where there is no terminal, it prints the tables once', async () => {
    const server = await startMonitorServer({ report: everything, token: 'secret' })
    const program = wallarx('top', server.url, '--token', 'secret')
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toMatch(/^Pipeline Lines is held for 12 s by sink counts out, whose buffer is full/)
    expect(program.stdout()).toContain('Word count, worker w1  running, up 1 h 0 min')
    expect(server.asked).toEqual(['/status'])
  })

  test('one of several that does not answer is shown, and fails', async () => {
    const server = await startMonitorServer({ report: everything })
    const program = wallarx('top', server.url, `127.0.0.1:${await freePort()}`)
    expect(await program.ended).toBe(1)
    expect(program.stdout()).toContain('nothing listens at')
    expect(program.stdout()).toContain('worker w1')
  })

  test.each([
    ['no token', { token: 'secret' }, /wants a token\. Give it with --token, or in WALLARX_TOKEN\n$/],
    [
      'another version',
      { answer: { status: 200, body: '{"version":2}' } },
      /version 2, which is not known here\. Use the wallarx/,
    ],
    ['no report', { answer: { status: 200, body: '[]' } }, /is no report of wallarx/],
    ['no JSON', { answer: { status: 200, body: '{' } }, /has not answered with JSON/],
    [
      'another server',
      { answer: { status: 404, type: 'text/html', body: '<h1>' } },
      /is no monitor of wallarx \(status 404\)/,
    ],
    [
      'a refusal',
      { answer: { status: 403, body: '{"code":"HOST_WRONG","message":"not \\u001b[2Jthis host"}' } },
      /answers 403: HOST_WRONG: not \ufffd\[2Jthis host\n$/,
    ],
  ])('%s is told in a line that says what to do', async (_, options, told) => {
    const server = await startMonitorServer({ report: everything, ...options })
    const program = wallarx('top', server.url, '--once')
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(told)
    expect(program.stderr()).toMatch(/^wallarx top: [^\n]*\n$/)
  })

  test('where nothing listens, it says what to start', async () => {
    const program = wallarx('top', `http://127.0.0.1:${await freePort()}`)
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/nothing listens at [^\n]*\. Start the application with monitor: \{ listen \}/)
  })
})

/** On a terminal of 80 columns, which util-linux makes. */
const onTerminal = (...args: string[]): Program =>
  startProgramOf('script', '-qec', `stty cols 80 rows 50; node dist/src/cli/wallarx.js ${args.join(' ')}`, '/dev/null')

const hasScript = spawnSync('script', ['--version']).stdout?.includes('util-linux') ?? false

describe.runIf(hasScript)('wallarx top on a terminal (needs `script` of util-linux)', () => {
  test('shows each report as it comes, survives a restart, and q ends it with the terminal as it was', async () => {
    const server = await startMonitorServer({ report: report() })
    const program = onTerminal('top', server.url)
    await program.until(() => program.stdout().includes('Idle'))
    server.send(report({ pipelines: [moving('Lines', 77)] }))
    await program.until(() => program.stdout().includes('Moving: 77 messages a second'))
    await server.die()
    await program.until(() => /has (ended|broken)|nothing listens/.test(program.stdout()))
    await startMonitorServer({
      report: report({ instance: 'two', pipelines: [moving('Lines', 88)] }),
      port: server.port,
    })
    await program.until(() => program.stdout().includes('Moving: 88 messages a second'))
    program.process.stdin.write('q')
    expect(await program.ended).toBe(0)
    expect(program.stdout()).toContain('\u001b[?1049h')
    expect(program.stdout()).toMatch(/\u001b\[\?25h\u001b\[\?1049l$/)
  })

  test('Ctrl-C ends it; one that refuses ends it with a line', async () => {
    const server = await startMonitorServer({ report: report(), token: 'secret' })
    const refused = onTerminal('top', server.url)
    expect(await refused.ended).toBe(1)
    expect(refused.stdout()).toMatch(/\u001b\[\?1049lwallarx top: [^\n]* wants a token[^\n]*\r\n$/)
    const program = onTerminal('top', server.url, '--token', 'secret')
    await program.until(() => program.stdout().includes('Idle'))
    program.process.stdin.write('\u0003')
    expect(await program.ended).toBe(0)
    await server.until(() => server.readers() === 0)
  })
})
