import * as api from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type Sampler,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, test } from 'vitest'
import { statePartition, utf8 } from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
import { systemClock } from '../../../../src/base/clock.ts'
import { kafkaSink } from '../../../../src/kafka/sink.ts'
import { kafkaSource } from '../../../../src/kafka/source.ts'
import { createMonitor } from '../../../../src/monitor/monitor.ts'
import { loadTelemetry } from '../../../../src/monitor/telemetry/api.ts'
import { simulatedKafka, type SimulatedKafka } from '../simulatedRun.ts'

afterEach(() => {
  api.trace.disable()
})

function tracer(sampler?: Sampler): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(sampler && { sampler }),
  })
  api.trace.setGlobalTracerProvider(provider)
  return exporter
}

/** Sums three numbers on one worker, which is traced as far as there is a tracer. */
async function summed(): Promise<SimulatedKafka> {
  const kafka = simulatedKafka()
  for (const name of ['in', 'out']) kafka.broker.topics.create({ name, partitions: 1, settings: {} })
  const sums = kafkaSource({ topic: 'in' }).pipe(
    decode(utf8),
    toStatePartition(
      (text: string, state: { sum: number }): [string, boolean] => [String((state.sum += Number(text))), true],
      statePartition('sums', { key: () => 1, build: () => ({ sum: 0 }) }),
    ),
    encode(String),
    toSink(kafkaSink({ topic: 'out' })),
  )
  const monitor = createMonitor({ application: 'app', clock: systemClock, telemetry: await loadTelemetry() })
  const app = await kafka.runOnCluster({ pipelines: { sums } }, {}, monitor)
  kafka.write('in', 0, ['1', '2', '3'])
  await kafka.until('the sums', () => kafka.values('out').length === 3)
  await app.close()
  expect(kafka.values('out')).toEqual(['1', '3', '6'])
  return kafka
}

const headersOf = ({ broker }: SimulatedKafka): string[] =>
  [0, 1]
    .map((partition) => broker.topics.log({ topic: 'app.sums.exchange', partition }))
    .flatMap((log) => log.read(log.low, Infinity, 'committed').entries)
    .flatMap(({ headers }) => headers.map(([name, value]) => `${name}: ${String(value)}`))

test('what comes of a pack is a span that is linked to those of the chunks that it came of', async () => {
  const exporter = tracer()
  const kafka = await summed()
  const spans = exporter.getFinishedSpans()
  const isPack = ({ attributes }: ReadableSpan): boolean => attributes['wallarx.partition'] === 'sums'
  const idOf = (context: api.SpanContext): string => `${context.traceId} ${context.spanId}`
  const chunks = spans.filter((span) => !isPack(span)).map((span) => idOf(span.spanContext()))
  const packs = spans.filter(isPack)
  expect(headersOf(kafka)[0]).toMatch(/^traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  expect(packs.length).toBeGreaterThan(0)
  expect(packs.flatMap(({ links }) => links.map(({ context }) => idOf(context))).sort()).toEqual(chunks.sort())
  const [pack] = packs
  expect(pack).toMatchObject({
    name: 'sums/toStatePartition',
    kind: api.SpanKind.CONSUMER,
    parentSpanContext: undefined,
  })
  expect(pack!.attributes).toMatchObject({ 'wallarx.application': 'app', 'wallarx.worker': 'worker' })
  expect(packs.reduce((sum, { attributes }) => sum + Number(attributes['wallarx.messages']), 0)).toBe(3)
})

test.each([
  ['is not sampled', () => tracer(new AlwaysOffSampler())],
  ['is not wanted', () => undefined],
])('a pack of what %s says nothing of it', async (_, begin) => {
  const exporter = begin()
  expect(headersOf(await summed())).toEqual([])
  expect(exporter?.getFinishedSpans() ?? []).toEqual([])
})
