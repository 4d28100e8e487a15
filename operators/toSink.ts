import type { OperatorFunction } from 'rxjs'
import type { Sink } from '../src/sink/sink.ts'
import { operate } from '../src/step/operate.ts'
import { toSinkStep } from './steps/toSink.ts'

/**
 * Writes every message to the sink, or each of several sinks, and completes when everything is handed over. A sink that
 * falls behind holds the sources. When the source fails, what was written before is flushed, then the error goes on. An
 * unsubscription drops what is not handed over yet.
 *
 * Subscribing to it is what runs a pipeline: it makes the subscription context where none is there yet.
 *
 * @example
 * ```ts
 * import { observerSink } from 'wallarx'
 * import { toSink } from 'wallarx/operators'
 *
 * const seen: number[] = []
 * const flushed = from([1, 2]).pipe(toSink(observerSink({ next: (n: number) => seen.push(n) })))
 * await lastValueFrom(flushed, { defaultValue: undefined })
 * assert.deepEqual(seen, [1, 2])
 * ```
 */
export function toSink<Message>(sinks: Sink<Message> | readonly Sink<Message>[]): OperatorFunction<Message, never> {
  return operate(toSinkStep(sinks))
}
