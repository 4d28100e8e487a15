import type { Link } from '@opentelemetry/api'
import type { Telemetry } from './api.ts'

/** Messages that another worker has sent. */
export interface TracedPack {
  readonly partition: string
  readonly shard: number
  /** Pipeline and step. */
  readonly step: string
  readonly messages: number
}

/** What happens now, for who sends it on to another worker, and what happened there. */
export interface PackTracing {
  /** The span in which this happens, as W3C's `traceparent`; `undefined`: none is recorded. */
  current: string | undefined
  /** Does what comes of a pack in a span, which is linked to those that it came of. */
  receive(pack: TracedPack, parents: readonly string[], work: () => void): void
}

export interface TracedWorker {
  readonly application: string
  readonly worker: () => string | undefined
}

/** `undefined` without a tracer. */
export function createPackTracing(of: TracedWorker, telemetry: Telemetry | undefined): PackTracing | undefined {
  if (telemetry?.tracer === undefined) return undefined
  const { api, tracer } = telemetry
  const tracing: PackTracing = {
    current: undefined,
    receive({ partition, shard, step, messages }, parents, work) {
      const links = parents.flatMap(linkOf)
      if (links.length === 0) {
        work()
        return
      }
      const worker = of.worker()
      const span = tracer.startSpan(step, {
        kind: api.SpanKind.CONSUMER,
        root: true,
        links,
        attributes: {
          'wallarx.application': of.application,
          ...(worker !== undefined && { 'wallarx.worker': worker }),
          'wallarx.partition': partition,
          'wallarx.shard': shard,
          'wallarx.messages': messages,
        },
      })
      const before = tracing.current
      tracing.current = traceparentOf(span)
      try {
        work()
      } finally {
        tracing.current = before
        span.end()
      }
    },
  }
  return tracing
}

/** `undefined` where it is not recorded. */
export function traceparentOf(span: { isRecording(): boolean; spanContext(): Link['context'] }): string | undefined {
  if (!span.isRecording()) return undefined
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

/** What is none of W3C's is passed over. */
function linkOf(traceparent: string): Link[] {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? []
  if (traceId === undefined) return []
  return [{ context: { traceId, spanId: spanId!, traceFlags: parseInt(flags!, 16), isRemote: true } }]
}
