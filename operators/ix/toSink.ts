import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { Sink } from '../../src/sink/sink.ts'
import { operate } from './chain/operate.ts'
import { toSinkStep } from '../steps/toSink.ts'

/**
 * Writes every message to the sink, or each of several sinks, and is at its end when everything is handed over, as
 * `toSink` of `wallarx/operators` does. Nothing is asked of the source while a sink holds. Asking once for a message,
 * which never comes, is what runs a pipeline: `for await (const _ of pipeline);`, or `run`.
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { observerSink } from 'wallarx'
 * import { toSink } from 'wallarx/operators/ix'
 *
 * const seen: number[] = []
 * await toArray(of(1, 2).pipe(toSink(observerSink({ next: (n: number) => seen.push(n) }))))
 * assert.deepEqual(seen, [1, 2])
 * ```
 */
export function toSink<Message>(
  sinks: Sink<Message> | readonly Sink<Message>[],
): OperatorAsyncFunction<Message, never> {
  return operate(toSinkStep(sinks))
}
