/** What the page and `wallarx top` say besides why it does not move. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { also } from '../../../../../src/monitor/page/view/also.ts'
import { why } from '../../../../../src/monitor/page/view/why.ts'
import type { MonitorReport } from '../../../../../src/monitor/report.ts'
import { at, latency, node, pipeline, report, throughput } from '../../../../support/reports.ts'

const plain = (text: string): string => text.replaceAll('\u202f', ' ')

function all(more: Partial<MonitorReport>): string {
  const one = report(more)
  return plain(also(one, why(one, { now: one.at })).join('\n'))
}

describe('it also tells', () => {
  test('which step is slowest, where one works for a tenth of the time', () => {
    const slow = node('slow', 'step', { latency: latency(2), throughput: throughput(400) })
    const quick = node('quick', 'step', { latency: latency(0.001), throughput: throughput(400) })
    const told = all({ pipelines: [pipeline('Lines', { nodes: [quick, slow] })] })
    expect(told).toContain('The slowest step is slow: 2.00 ms a message, 99 % within 6.00 ms.')
    expect(all({ pipelines: [pipeline('Lines', { nodes: [quick] })] })).not.toContain('slowest')
  })

  test('which key is hot, by messages or by time', () => {
    const partition = { name: 'Words', entities: 9 }
    const keys = (...numbers: [number, number][]): MonitorReport['partitions'] => [
      { ...partition, hottest: numbers.map(([count, time], key) => ({ key: String(key), count, time })) },
    ]
    expect(all({ partitions: keys([900, 1], [50, 1], [50, 1]) })).toContain(
      'Key 0 of Words is hot: 900 messages, 90 % of those of the hottest keys.',
    )
    expect(all({ partitions: keys([50, 10], [50, 9000], [50, 1]) })).toContain('Key 1 of Words is hot: it takes 99 %')
    expect(all({ partitions: keys([50, 10], [50, 3000], [50, 1]) })).not.toContain('hot')
    expect(all({ partitions: keys([500, 10], [400, 10]) })).not.toContain('hot')
    expect(all({ partitions: [{ ...keys([900, 1])[0]!, entities: 1 }] })).not.toContain('hot')
  })

  test('a blocked event loop, a processor that is used up, dead letters by their first code', () => {
    const { process } = report()
    const blocked = { process: { ...process, eventLoopDelay: { p50: 1, p99: 900, max: 1900 } } }
    const holds = [{ name: 'counts out', since: at - 12_000 }]
    expect(all({ ...blocked, pipelines: [pipeline('Lines', { holds })] })).toContain(
      'The event loop was blocked for 1.9 s in the last second',
    )
    expect(all(blocked)).toBe('') // it is what is said first
    expect(all({ process: { ...process, cpu: 0.97 } })).toContain('all of one processor')
    const deadLettersByCode = { FRAME_TOO_LONG: 1, DECODE_FAILED: 4 }
    expect(all({ pipelines: [pipeline('Lines', { deadLetters: 5, deadLettersByCode })] })).toContain(
      '5 dead letters of Lines, most of them DECODE_FAILED.',
    )
  })
})

test('what a cluster is at: shards that are restored, what is left to read, and why it rejoined', () => {
  const restoring = [1, 0.5].map((read, shard) => ({ shard, read }))
  const shards = { Words: { owned: [2], restoring } }
  const cluster = { shards, lag: { words: 7, none: 0 }, transactions: 0, packs: 0, rejoined: 1, rejoinedBecause: 'x' }
  expect(all({ cluster }).split('\n')).toEqual([
    'Restoring 2 shards of Words: 75 % read so far.',
    'words has 7 records still to be read.',
    'It has rejoined, the last time because: x',
  ])
})

test('there is always an answer', () => {
  const lifecycle = fc.constantFrom('opening', 'running', 'draining', 'closed')
  const pipelines = fc.array(
    fc.record({
      name: fc.constantFrom('a', 'b'),
      lifecycle: fc.constantFrom('running', 'completed', 'failed'),
      inFlight: fc.nat(),
      holds: fc.array(
        fc.record({ name: fc.constantFrom('checkpoint', 'split', 'else'), since: fc.integer({ min: 0, max: 2 * at }) }),
      ),
    }),
  )
  fc.assert(
    fc.property(lifecycle, pipelines, (now, some) => {
      const one = report({ lifecycle: now, pipelines: some.map((given) => pipeline('', given)) })
      const verdict = why(one, { now: one.at })
      const sentences = [verdict.sentence, verdict.stable, ...also(one, verdict)]
      for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*\S$/)
      expect(sentences.join()).not.toMatch(/NaN|undefined|-\d/)
    }),
    { examples: [['running', []]] },
  )
})
