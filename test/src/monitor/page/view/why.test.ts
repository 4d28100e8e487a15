/** What the page answers to "why is it not moving". */
import { describe, expect, test } from 'vitest'
import { why, type Verdict } from '../../../../../src/monitor/page/view/why.ts'
import type { MonitorReport } from '../../../../../src/monitor/report.ts'
import { reportAt, type Scene } from '../../../../support/page/reports.ts'

const plain = (text: string): string => text.replaceAll('\u202f', ' ')

function verdictOf(report: MonitorReport, earlier?: MonitorReport): Verdict {
  const circumstances = { now: report.at, movedAt: report.at - 12_000 }
  const verdict = why(report, earlier === undefined ? circumstances : { ...circumstances, earlier })
  return { ...verdict, sentence: plain(verdict.sentence) }
}

/** A report of a run whose first pipeline is as told. */
function withPipeline(change: Partial<MonitorReport['pipelines'][number]>, scene: Scene = 'idle'): MonitorReport {
  const report = reportAt(100, { scene })
  return { ...report, pipelines: [{ ...report.pipelines[0]!, ...change }, report.pipelines[1]!] }
}

test.each<[Scene, string]>([
  ['moving', 'Moving: 59,838 messages a second, and nothing holds them.'],
  ['idle', 'Idle for 12 s: nothing holds the sources, and nothing comes from them.'],
  [
    'sink does not read',
    'Pipeline word count is held for 12 s by sink tcp 127.0.0.1:7000, whose buffer is full: ' +
      'whoever reads there is slow.',
  ],
  [
    'computation waits',
    'Pipeline orders is held for 12 s by step look up customer: 16 messages are inside it, as many as may be; ' +
      'what it waits for is slow.',
  ],
  [
    'hot key',
    'Pipeline orders is held for 12 s by step look up customer: 16 messages are inside it, as many as may be; ' +
      'what it waits for is slow. Key 42 has 95 % of what its hottest keys get, ' +
      "and a key's messages wait for one another.",
  ],
])('%s: %s', (scene, sentence) => {
  const verdict = verdictOf(reportAt(100, { scene }))
  expect(verdict.sentence).toBe(sentence)
  expect(verdict.stable).not.toMatch(/12\s?s/)
})

test('who is to blame is named: the node that holds', () => {
  expect(verdictOf(reportAt(100, { scene: 'sink does not read' }))).toMatchObject({
    kind: 'held',
    pipeline: 'word count',
    node: 'sink',
  })
})

test('a hold of a moment is no stall', () => {
  const report = reportAt(100, { scene: 'sink does not read', since: 99.9 })
  expect(verdictOf(report).kind).toBe('moving') // the other pipeline does
})

describe('holds that are no node', () => {
  test.each([
    ['checkpoint', 'by a checkpoint: it waits for sink tcp 127.0.0.1:7000 to hand over what it has.'],
    ['first checkpoint', 'by the first checkpoint: nothing may pass before it is durable.'],
    ['async iterable', 'by the bridge to async iterable: whoever reads there does not ask for more.'],
    [
      'count words: exchange',
      'by the exchange before count words: messages for other workers wait for the commit that sends them.',
    ],
    [
      'counts: Kafka transaction',
      'by sink counts: Kafka transaction, as its transaction is full: the brokers are slow.',
    ],
    ['something new', 'by something new.'],
  ])('%s', (name, ending) => {
    const report = withPipeline({ holds: [{ name, since: reportAt(100).at - 5000 }] })
    expect(verdictOf(report).sentence).toBe(`Pipeline word count is held for 5 s ${ending}`)
  })
})

test('a checkpoint names no sink where none has anything left', () => {
  const holds = [{ name: 'checkpoint', since: reportAt(100).at - 5000 }]
  const nodes = reportAt(100).pipelines[0]!.nodes.map(({ buffer: _, ...node }) => node)
  expect(verdictOf(withPipeline({ holds, nodes })).sentence).toContain(
    'by a checkpoint: it writes, or waits for a sink to hand over what it has.',
  )
})

test('what is held half of the time is slowed down, though it moves', () => {
  const sink = 'tcp 127.0.0.1:7000'
  const now = withPipeline({ held: [{ name: sink, count: 900, time: 9000 }] }, 'moving')
  const before = { ...withPipeline({ held: [{ name: sink, count: 100, time: 1000 }] }), at: now.at - 10_000 }
  expect(verdictOf(now, before).sentence).toMatch(/^Moving, but held 80 % of the time by sink tcp 127.0.0.1:7000, /)
})

test('states of the run come before what moves', () => {
  const report = reportAt(100)
  const kindOf = (change: Partial<MonitorReport>): string => verdictOf({ ...report, ...change }).kind
  expect(kindOf({ lifecycle: 'draining' })).toBe('closing')
  expect(kindOf({ lifecycle: 'closed' })).toBe('closing')
  expect(kindOf({ lifecycle: 'opening' })).toBe('notReady')
  expect(kindOf({ notReady: '3 shards are being restored' })).toBe('notReady')
  expect(verdictOf(withPipeline({ lifecycle: 'failed' })).sentence).toMatch(/^Pipeline word count has failed/)
  const process = { ...report.process, eventLoopDelay: { p50: 1, p99: 800, max: 1200 } }
  expect(verdictOf({ ...report, process }).sentence).toBe(
    'The event loop stood still for 1.2 s: some code computes, and nothing else can go on. ' +
      'Look at count words, the slowest step.',
  )
})

test('what no reader has waited for is not told', () => {
  const report = reportAt(100, { scene: 'idle' })
  expect(why(report, { now: report.at }).sentence).toBe(why(report, { now: report.at }).stable)
})

test('messages inside steps that hold nothing yet are waited for', () => {
  const { kind, sentence } = verdictOf(withPipeline({ inFlight: 1 }))
  expect([kind, sentence]).toEqual([
    'waiting',
    'Waiting: 1 message of word count is inside an asynchronous step that has not ended.',
  ])
  expect(verdictOf(withPipeline({ inFlight: 1 }, 'moving')).kind).toBe('moving')
})

test('a run without pipelines is idle, not completed', () => {
  expect(verdictOf({ ...reportAt(1), pipelines: [] }).kind).toBe('idle')
})
