import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/monitor/diagnosis/diagnosis.ts'
import type { MonitorReport } from '../../../src/monitor/report.ts'
import { at, latency, moving, node, pipeline, report, throughput } from '../../support/reports.ts'

const first = (more: Partial<MonitorReport>): string => diagnose(report(more)).sentences[0]!
const all = (more: Partial<MonitorReport>): string => diagnose(report(more)).sentences.join('\n')
const full = { used: 1_048_576, highWaterMark: 1_048_576, unit: 'bytes' } as const

describe('the answer to "why is it not moving?" is', () => {
  test('that nothing comes, where nothing holds it', () => {
    expect(diagnose(report())).toEqual({
      condition: 'idle',
      sentences: ['Lines waits for input: nothing comes from lines in, and nothing holds it.'],
    })
  })

  test('that it moves, and how fast', () => {
    expect(diagnose(report({ pipelines: [moving('Lines', 1234)] }))).toEqual({
      condition: 'moving',
      sentences: ['Lines moves, 1,234 messages a second.'],
    })
  })

  test('a sink that does not read, with what waits for it and since when', () => {
    const nodes = [node('lines in', 'source'), node('counts out', 'sink', { buffer: full })]
    const pipelines = [pipeline('Lines', { nodes, holds: [{ name: 'counts out', since: at - 12_000 }] })]
    expect(diagnose(report({ pipelines })).condition).toBe('stalled')
    expect(first({ pipelines })).toBe(
      'Lines stands still: counts out has not taken what is written for 12 s ' +
        '(1.05 MB wait, 1.05 MB are a full buffer); see whether it is read there.',
    )
  })

  test('a computation that waits', () => {
    const nodes = [node('enrich', 'step', { buffer: { used: 16, highWaterMark: 16, unit: 'messages' } })]
    const pipelines = [pipeline('Lines', { nodes, inFlight: 16, holds: [{ name: 'enrich', since: at - 90_000 }] })]
    expect(first({ pipelines })).toBe(
      'Lines stands still: enrich has waited for 16 computations for 2 min; see what they wait for.',
    )
  })

  test('messages in flight, where their step does not hold yet', () => {
    expect(first({ pipelines: [pipeline('Lines', { inFlight: 1 })] })).toBe(
      'Lines stands still: 1 message inside asynchronous steps that have not ended.',
    )
  })

  test('a checkpoint, and what that waits for', () => {
    const holds = [{ name: 'checkpoint', since: at - 5000 }]
    expect(first({ pipelines: [pipeline('Lines', { holds, inFlight: 3 })] })).toContain(
      'waits for 3 messages in flight',
    )
    expect(first({ pipelines: [pipeline('Lines', { holds })] })).toContain('for 5.0 s, and waits for the store')
  })

  test('the oldest hold, where there are several', () => {
    const holds = [
      { name: 'counts out', since: at - 1000 },
      { name: 'something', since: at - 7000 },
    ]
    expect(first({ pipelines: [pipeline('Lines', { holds })] })).toMatch(
      /^Lines stands still: something has held it for 7/,
    )
  })

  test('no hold, where messages pass and it is a moment old: that is how back pressure works', () => {
    const held = (age: number): string =>
      first({ pipelines: [moving('Lines', 10, { holds: [{ name: 'counts out', since: at - age }] })] })
    expect(held(100)).toBe('Lines moves, 10 messages a second.')
    expect(held(3000)).toMatch(/^Lines moves, 10 messages a second, and is held back: counts out has not taken/)
  })

  test('the pipeline that stands still, before those that move; one that has failed, before it', () => {
    const stalled = pipeline('Stalled', { inFlight: 1 })
    expect(first({ pipelines: [moving('Moving', 5), stalled] })).toMatch(/^Stalled stands still/)
    const failed = pipeline('Failed', { lifecycle: 'failed' })
    expect(first({ pipelines: [moving('Moving', 5), stalled, failed] })).toMatch(/^Failed has failed/)
    expect(first({ pipelines: [pipeline('Done', { lifecycle: 'completed' })] })).toBe('Done has completed.')
  })

  test('that it is not ready, and why', () => {
    expect(first({ lifecycle: 'opening' })).toMatch(/^The run is starting/)
    expect(first({ lifecycle: 'opening', notReady: 'replaying the journal' })).toBe('Not ready: replaying the journal.')
    expect(first({ lifecycle: 'draining' })).toMatch(/^The run is stopping/)
    expect(first({ lifecycle: 'closed', pipelines: [] })).toBe('The run has ended.')
    const restoring = [1, 0.5].map((read, shard) => ({ shard, read }))
    const shards = { Words: { owned: [2], restoring } }
    const cluster = { shards, lag: { words: 7, none: 0 }, transactions: 0, packs: 0, rejoined: 0 }
    expect(first({ cluster })).toBe('Restoring 2 shards of Words: 75 % read so far.')
    expect(all({ cluster })).toContain('words has 7 records still to be read.')
    expect(all({ cluster })).not.toContain('none')
  })
})

describe('it also tells', () => {
  test('which step is slowest, where one works for a tenth of the time', () => {
    const slow = node('slow', 'step', { latency: latency(2), throughput: throughput(400) })
    const quick = node('quick', 'step', { latency: latency(0.001), throughput: throughput(400) })
    const told = all({ pipelines: [pipeline('Lines', { nodes: [quick, slow] })] })
    expect(told).toContain('The slowest step is slow: 2 ms a message, 99 % within 6 ms.')
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
    expect(all({ partitions: keys([50, 10], [50, 3000], [50, 1]) })).toContain('Key 1 of Words is hot: it takes 100 %')
    expect(all({ partitions: keys([500, 10], [400, 10]) })).not.toContain('hot')
    expect(all({ partitions: [{ ...keys([900, 1])[0]!, entities: 1 }] })).not.toContain('hot')
  })

  test('a blocked event loop, a processor that is used up, dead letters by their first code', () => {
    const { process } = report()
    expect(all({ process: { ...process, eventLoopDelay: { p50: 1, p99: 900, max: 1900 } } })).toContain(
      'The event loop was blocked for 1.9 s in the last second',
    )
    expect(all({ process: { ...process, cpu: 0.97 } })).toContain('all of one processor')
    const deadLettersByCode = { FRAME_TOO_LONG: 1, DECODE_FAILED: 4 }
    expect(all({ pipelines: [pipeline('Lines', { deadLetters: 5, deadLettersByCode })] })).toContain(
      '5 dead letters of Lines, most of them DECODE_FAILED.',
    )
  })
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
      const { sentences } = diagnose(report({ lifecycle: now, pipelines: some.map((one) => pipeline('', one)) }))
      expect(sentences.length).toBeGreaterThan(0)
      expect(sentences.join()).not.toMatch(/NaN|undefined|-\d/)
    }),
    { examples: [['running', []]] },
  )
})

test('the page can use it too: it imports nothing of Node', () => {
  for (const file of ['diagnosis', 'causes', 'slowness', 'shownNumbers']) {
    const imports = readFileSync(`src/monitor/diagnosis/${file}.ts`, 'utf8').matchAll(/^import .* from '(.*)'$/gm)
    for (const [, imported] of imports) {
      expect(imported).toMatch(/^\.\/(causes|shownNumbers|slowness)\.ts$|^\.\.\/(report|page\/view\/flow)\.ts$/)
    }
  }
})
