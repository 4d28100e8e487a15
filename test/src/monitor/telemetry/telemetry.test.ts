import { join } from 'node:path'
import * as api from '@opentelemetry/api'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, describe, expect, test } from 'vitest'
import { delimited, fileSink, fileSource, run } from 'wallarx'
import { decode, encode, toMulti, toSink } from 'wallarx/operators'
import { loadTelemetry } from '../../../../src/monitor/telemetry/api.ts'
import { traceChunks } from '../../../../src/monitor/telemetry/chunks.ts'
import { createPackTracing } from '../../../../src/monitor/telemetry/packs.ts'
import { showMetrics, type MetricFamily } from '../../../../src/monitor/telemetry/metrics.ts'
import { temporaryFile, temporaryFolder } from '../../../support/files.ts'
import { startProgram } from '../../../support/processes.ts'

afterEach(() => {
  api.trace.disable()
  api.metrics.disable()
})

/** As a source counts: fields, and methods of its prototype. */
class Counting {
  sent = 0
  calls: string[] = []
  taken(bytes: number): void {
    this.calls.push(`taken ${bytes}`)
  }
  handedOver(): void {
    this.calls.push('handedOver')
  }
  end(): void {
    this.calls.push('end')
  }
}

class CollectingReader extends MetricReader {
  protected override onForceFlush = (): Promise<void> => Promise.resolve()
  protected override onShutdown = (): Promise<void> => Promise.resolve()
}

/** Each metric, with its values by their attributes. */
async function collectedBy(reader: MetricReader): Promise<[name: string, points: [api.Attributes, unknown][]][]> {
  const { resourceMetrics } = await reader.collect()
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
    metrics.map(({ descriptor, dataPoints }): [string, [api.Attributes, unknown][]] => [
      descriptor.name,
      dataPoints.map(({ attributes, value }) => [attributes, value]),
    ]),
  )
}

function registerTracer(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter()
  api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  return exporter
}

describe('the API', () => {
  test('is not used where it is not installed, or nobody has registered a provider', async () => {
    expect(await loadTelemetry(() => Promise.resolve(undefined))).toBeUndefined()
    expect(await loadTelemetry()).toBeUndefined()
  })

  test('is used for what is registered', async () => {
    registerTracer()
    expect(await loadTelemetry()).toMatchObject({ tracer: expect.anything(), meter: undefined })
    api.trace.disable()
    api.metrics.setGlobalMeterProvider(new MeterProvider())
    expect(await loadTelemetry()).toMatchObject({ tracer: undefined, meter: expect.anything() })
  })

  test('is not loaded by what a program imports, nor by a run of which nobody wants to know', async () => {
    const program = startProgram(`
      import { register } from 'node:module'
      register('data:text/javascript,' + encodeURIComponent(
        'export async function resolve(name, context, next) {' +
        ' if (name.startsWith("@opentelemetry")) console.log("LOADED");' +
        ' return next(name, context) }'))
      const { fromAsyncIterable, run } = await import('wallarx')
      await import('wallarx/operators')
      const app = await run({ name: 'n', pipelines: { p: fromAsyncIterable([1]) }, log: false })
      await app.closed`)
    expect(await program.ended, program.stderr()).toBe(0)
    expect(program.stdout()).not.toContain('LOADED')
  })
})

describe('a chunk', () => {
  const place = { application: 'Word count', pipeline: 'Lines', source: 'tcp' }

  test('is a span, from its source to its outputs, with what came in and what went out', async () => {
    const exporter = registerTracer()
    const sink = { in: 100 }
    const meter = new Counting()
    const traced = traceChunks(meter, { ...place, worker: 'w1', sinks: () => [sink] }, await loadTelemetry())
    expect(traced).toBe(meter)
    for (const messages of [3, 1]) {
      meter.taken(50)
      meter.sent += messages
      sink.in += 10 * messages
      meter.handedOver()
    }
    const spans = exporter.getFinishedSpans()
    expect(spans.map(({ name, kind }) => [name, kind])).toEqual(Array(2).fill(['Lines tcp', api.SpanKind.CONSUMER]))
    expect(spans[0]!.attributes).toEqual({
      'wallarx.application': 'Word count',
      'wallarx.pipeline': 'Lines',
      'wallarx.source': 'tcp',
      'wallarx.worker': 'w1',
      'wallarx.chunk.bytes': 50,
      'wallarx.messages': 3,
      'wallarx.output.messages': 30,
    })
    expect(spans[1]!.attributes).toMatchObject({ 'wallarx.messages': 1, 'wallarx.output.messages': 10 })
    expect(meter.calls).toEqual(['taken 50', 'handedOver', 'taken 50', 'handedOver'])
    expect(spans[0]!.spanContext().traceId).not.toBe(spans[1]!.spanContext().traceId)
  })

  test('whose source ends in the middle of it is a span that has ended', async () => {
    const exporter = registerTracer()
    const meter = traceChunks(new Counting(), { ...place, sinks: () => [] }, await loadTelemetry())
    meter.taken(1)
    meter.taken(2)
    meter.end()
    expect(exporter.getFinishedSpans()).toHaveLength(2)
  })

  test('is counted as ever where nobody listens: the meter is not touched', async () => {
    const meter = traceChunks(new Counting(), { ...place, sinks: () => [] }, await loadTelemetry())
    expect(Object.keys(meter)).toEqual(['sent', 'calls'])
  })
})

test('a pack that came of what is no span is not one either', async () => {
  const exporter = registerTracer()
  const tracing = createPackTracing({ application: 'a', worker: () => 'w' }, await loadTelemetry())!
  const pack = { partition: 'p', shard: 1, step: 's', messages: 2 }
  const id = (digit: string): string => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`
  let inside: string | undefined
  for (const parents of [[], [''], ['00-1-1-01'], [id('g')], ['junk', id('a')]]) {
    tracing.receive(pack, parents, () => (inside = tracing.current))
  }
  expect(() =>
    tracing.receive(pack, [id('b')], () => {
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(tracing.current).toBeUndefined()
  expect(inside).toMatch(/^00-/)
  expect(exporter.getFinishedSpans().map(({ links }) => links.map(({ context }) => context.traceId))).toEqual([
    ['a'.repeat(32)],
    ['b'.repeat(32)],
  ])
})

describe('metrics', () => {
  const families: readonly MetricFamily<number>[] = [
    {
      name: 'messages_in',
      help: 'Messages.',
      type: 'counter',
      samples: (n) => [{ labels: { step: 'split' }, value: n }],
    },
    {
      name: 'holds',
      help: 'Holds.',
      type: 'gauge',
      samples: (n) => [
        { labels: {}, value: -n },
        { labels: { a: 'b' }, value: NaN },
      ],
    },
    {
      name: 'latency_seconds',
      help: 'Latency.',
      type: 'histogram',
      samples: (n) => [
        { labels: { le: '1' }, value: 1, suffix: '_bucket' },
        { labels: {}, value: n / 2, suffix: '_sum' },
        { labels: {}, value: n, suffix: '_count' },
      ],
    },
  ]

  test('are those of the exposition, looked at when somebody collects them, and not after the end', async () => {
    const reader = new CollectingReader()
    api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    let looks = 0
    const application = 'Word count'
    const end = showMetrics(
      families,
      () => 10 * ++looks,
      () => ({ application }),
      await loadTelemetry(),
    )
    const collected = () => collectedBy(reader)
    expect(looks).toBe(0)
    await collected()
    expect(await collected()).toEqual([
      ['wallarx.messages_in', [[{ application, step: 'split' }, 20]]],
      ['wallarx.holds', [[{ application }, -20]]],
      ['wallarx.latency_seconds.sum', [[{ application }, 10]]],
      ['wallarx.latency_seconds.count', [[{ application }, 20]]],
    ])
    expect(looks).toBe(2)
    end()
    await collected()
    expect(looks).toBe(2)
  })

  test('are not looked at where nobody listens', async () => {
    const end = showMetrics(
      families,
      () => expect.fail(),
      () => ({}),
      await loadTelemetry(),
    )
    end()
  })
})

describe('a run', () => {
  const lines = 'a b\nc\nd e f\n'

  /** Each word of a file becomes a line of another one; `between` sees each line while it is on its way. */
  async function splitLines(between: (line: string) => void = () => undefined): Promise<void> {
    const words = fileSource({ path: temporaryFile(lines), framing: delimited('\n') }).pipe(
      decode((frame) => frame.toString()),
      toMulti((line: string) => {
        between(line)
        return line.split(' ')
      }),
      encode((word: string) => `${word}\n`),
      toSink(fileSink({ path: join(temporaryFolder(), 'out'), name: 'out' })),
    )
    const app = await run({ name: 'Words', pipelines: { words }, log: false, handleSignals: false })
    await app.closed
  }

  test('makes a span of each chunk of a source', async () => {
    const exporter = registerTracer()
    await splitLines()
    const spans = exporter.getFinishedSpans()
    expect(spans.map(({ attributes }) => attributes)).toEqual([
      {
        'wallarx.application': 'Words',
        'wallarx.pipeline': 'words',
        'wallarx.source': expect.stringMatching(/^file /),
        'wallarx.chunk.bytes': lines.length,
        'wallarx.messages': 3,
        'wallarx.output.messages': 6,
      },
    ])
  })

  test('shows its metrics until it has ended', async () => {
    const reader = new CollectingReader()
    api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    let collecting: ReturnType<typeof collectedBy> | undefined
    await splitLines((line) => {
      if (line === 'd e f') collecting = collectedBy(reader)
    })
    const metrics = new Map(await collecting)
    const shared = { application: 'Words', pipeline: 'words' }
    expect(metrics.get('wallarx.messages_in')).toContainEqual([{ ...shared, step: 'toMulti' }, 3])
    expect(metrics.get('wallarx.ready')).toEqual([[{ application: 'Words' }, 1]])
    // The provider says what it was told last: after the end nobody has looked at a run that is not ready any more.
    expect(new Map(await collectedBy(reader)).get('wallarx.ready')).toEqual([[{ application: 'Words' }, 1]])
  })
})
