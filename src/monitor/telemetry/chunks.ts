import type { Span, SpanOptions } from '@opentelemetry/api'
import type { Telemetry } from './api.ts'
import { traceparentOf, type PackTracing } from './packs.ts'

/** What counts for a source, as far as a span wants to know it. */
export interface ChunkMeter {
  /** Messages that it has handed over. */
  readonly sent: number
  /** It begins to hand over a chunk, or a message. */
  taken(bytes: number): void
  /** What came of that is done, as far as it was to be done at once. */
  handedOver(): void
  /** It will hand over nothing more. */
  end(): void
}

/** What counts for a sink. */
export interface OutputMeter {
  /** Messages that it was given. */
  readonly in: number
}

export interface TracedSource {
  readonly application: string
  readonly worker?: string | undefined
  readonly pipeline: string
  readonly source: string
  /** The sinks that its messages lead to; asked at each chunk. */
  readonly sinks: () => Iterable<OutputMeter>
}

/**
 * Makes a span of each chunk, from when its source begins to hand it over until everything that came of it at once is
 * done: with the bytes that came in, the messages, and those that sinks were given. What asynchronous steps do later
 * is in no span. The meter keeps being the object that it was; without a tracer it is not touched.
 */
export function traceChunks<Meter extends ChunkMeter>(
  meter: Meter,
  of: TracedSource,
  telemetry: Telemetry | undefined,
  /** Is told which span is on. Default: nobody */
  tracing?: Pick<PackTracing, 'current'>,
): Meter {
  if (telemetry?.tracer === undefined) return meter
  const { tracer, api } = telemetry
  const { taken, handedOver, end } = meter // eslint-disable-line @typescript-eslint/unbound-method
  const { application, worker, pipeline, source, sinks } = of
  const options: SpanOptions = {
    kind: api.SpanKind.CONSUMER,
    root: true, // whatever is active where a chunk happens to arrive is not what led to it
    attributes: {
      'wallarx.application': application,
      'wallarx.pipeline': pipeline,
      'wallarx.source': source,
      ...(worker !== undefined && { 'wallarx.worker': worker }),
    },
  }
  const name = `${pipeline} ${source}`
  let span: Span | undefined
  let messagesBefore = 0
  let outputsBefore = 0

  const outputs = (): number => {
    let given = 0
    for (const sink of sinks()) given += sink.in
    return given
  }
  const finish = (): void => {
    if (span === undefined) return
    const ended = span
    span = undefined
    if (tracing !== undefined) tracing.current = undefined
    ended.setAttribute('wallarx.messages', meter.sent - messagesBefore)
    ended.setAttribute('wallarx.output.messages', outputs() - outputsBefore)
    ended.end()
  }

  return Object.assign(meter, {
    taken(bytes: number) {
      finish() // of a source that did not say that it had handed over
      const begun = tracer.startSpan(name, options)
      if (begun.isRecording()) {
        begun.setAttribute('wallarx.chunk.bytes', bytes)
        messagesBefore = meter.sent
        outputsBefore = outputs()
        span = begun
        if (tracing !== undefined) tracing.current = traceparentOf(begun)
      }
      taken.call(meter, bytes)
    },
    handedOver() {
      handedOver.call(meter)
      finish()
    },
    end() {
      finish()
      end.call(meter)
    },
  })
}
