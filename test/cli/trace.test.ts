import { describe, expect, test } from 'vitest'
import type { TraceReport } from '../../src/monitor/report.ts'
import { startMonitorServer } from '../support/monitorServer.ts'
import { at, report } from '../support/reports.ts'
import { token, workers } from '../src/monitor/workers/application.ts'
import { eventually } from '../support/watch.ts'
import { wallarx } from './wallarx.ts'

const seen = (more: Partial<TraceReport> = {}): TraceReport => ({
  at,
  pipeline: 'Lines',
  step: 'count',
  partition: 'Words',
  key: '42',
  message: 'fox',
  state: { count: 1 },
  ...more,
})

describe('wallarx trace', () => {
  test('prints each message with the state after it, and ends with the application', async () => {
    const server = await startMonitorServer({ report: report() })
    const program = wallarx('trace', server.url, '--key', '042', '--partition', 'Wörds & more')
    await server.until(() => server.readers() === 1)
    expect(server.asked).toEqual([
      `/trace?key=42&partition=${encodeURIComponent('Wörds & more').replaceAll('%20', '+')}`,
    ])
    server.trace(seen())
    server.write('event: another\ndata: {}\n\n: a comment\n\n')
    server.trace(seen({ message: '\u001b[2J', state: 'x'.repeat(5000) }))
    await program.until(() => program.stdout().split('\n').length === 3)
    server.endStreams()
    expect(await program.ended, program.stderr()).toBe(0)
    const [first, second] = program.stdout().split('\n')
    expect(first).toBe('03:04:05.000  Lines count  Words 42  "fox" -> {"count":1}')
    expect(second!.length).toBeLessThan(1200)
    expect(second).toContain('"\\u001b[2J"')
    expect(program.stderr()).toBe(`${server.url} has ended, after 2 messages\n`)
  })

  test('--json prints what the application tells, whole; --limit ends it', async () => {
    const server = await startMonitorServer({ report: report() })
    const program = wallarx('trace', server.url, '--key', '1', '--json', '--limit', '2')
    await server.until(() => server.readers() === 1)
    const all = [seen({ state: 'x'.repeat(5000) }), seen(), seen()]
    for (const one of all) server.trace(one)
    expect(await program.ended, program.stderr()).toBe(0)
    const printed = program.stdout().trim().split('\n')
    expect(printed.map((line) => JSON.parse(line) as unknown)).toEqual(all.slice(0, 2))
    await server.until(() => server.readers() === 0)
  })

  test('--worker follows the key at another worker, which the one at URL asks', async () => {
    const [a, b] = await workers(['a', 'b of c'])
    const program = wallarx('trace', a!.url, '--key', '3', '--worker', 'b of c', '--token', token, '--limit', '1')
    const { followers } = b!.run
    await eventually(() => followers.size === 1)
    for (const tell of followers.keys()) tell(seen({ key: '3' }))
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).toBe('03:04:05.000  Lines count  Words 3  "fox" -> {"count":1}\n')
    expect(a!.run.followers.size).toBe(0)
    const unknown = wallarx('trace', a!.url, '--key', '3', '--worker', 'c', '--token', token)
    expect(await unknown.ended).toBe(1)
    expect(unknown.stderr()).toContain('WORKER_UNKNOWN: no worker of this name is known by its port: known are "a",')
  })

  test('Ctrl-C, or a reader that has seen enough, ends it at once, also at the application', async () => {
    const server = await startMonitorServer({ report: report() })
    const program = wallarx('trace', server.url, '--key', '1')
    await server.until(() => server.readers() === 1)
    program.process.kill('SIGINT')
    expect(await program.ended).toBe(130)
    await server.until(() => server.readers() === 0)
    const head = wallarx('trace', server.url, '--key', '1')
    await server.until(() => server.readers() === 1)
    server.trace(seen())
    await head.until(() => head.stdout() !== '')
    head.process.stdout.destroy()
    await new Promise((resolve) => head.process.stdout.once('close', resolve))
    server.trace(seen())
    await server.until(() => server.readers() === 0)
    expect(await head.ended).toBe(0)
  })

  test('a connection that is lost fails', async () => {
    const server = await startMonitorServer({ report: report() })
    const program = wallarx('trace', server.url, '--key', '1')
    await server.until(() => server.readers() === 1)
    await server.die()
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx trace: \S+ has broken the connection off[^\n]*\n$/)
  })

  test('what the application refuses is told as it says it', async () => {
    const body = '{"code":"PARTITION_UNKNOWN","message":"expected a state partition (Words), got Wrods"}'
    const server = await startMonitorServer({ report: report(), answer: { status: 404, body } })
    const program = wallarx('trace', server.url, '--key', '1', '--partition', 'Wrods')
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(
      /answers 404: PARTITION_UNKNOWN: expected a state partition \(Words\), got Wrods\n$/,
    )
  })
})
