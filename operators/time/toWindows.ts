import type { OperatorFunction } from 'rxjs'
import { operate } from '../../src/step/operate.ts'
import type { AggregateOf } from '../../src/time/window/aggregate.ts'
import type { WindowDefinition } from '../../src/time/window/window.ts'
import type { WindowedPartition } from '../../src/time/window/windowed.ts'
import { toWindowsStep } from '../steps/toWindows.ts'

/**
 * Adds each message to the windows of its key, and emits what `close` gives for a window when the watermark reaches its
 * end: in order of end, then key, then start. The time of messages is what the nearest `eventTime` upstream reads;
 * without one it is when they arrive. When all sources have completed, every window closes; a stop leaves them open in
 * the checkpoint.
 *
 * With a `merge`, sliding windows are put together from panes when they close: messages are added once, and those of
 * one window meet in the order of their panes. For sessions it is required.
 *
 * Errors: `MESSAGE_LATE`, `TIME_INVALID`, `KEY_NOT_IN_PARTITION` (bad input), `KEY_FUNCTION_FAILED`, `KEY_INVALID`,
 * `COMPUTATION_FAILED`, `TIMER_FAILED` for what `close` throws (user code), `OPTION_INVALID`,
 * `STATE_PARTITION_WITHOUT_KEY`, `WINDOW_CHANGED` (misuse).
 *
 * @example
 * ```ts
 * import { tumbling, windowed } from 'wallarx'
 * import { eventTime, toWindows } from 'wallarx/operators'
 *
 * const perSecond = windowed('per second', {
 *   key: (reading: { sensor: number; at: number }) => reading.sensor,
 *   window: tumbling({ size: 1000 }),
 *   build: () => ({ count: 0 }),
 * })
 * const readings = from([{ sensor: 1, at: 10 }, { sensor: 1, at: 990 }, { sensor: 1, at: 1000 }])
 * const counts = readings.pipe(
 *   eventTime((reading) => reading.at),
 *   toWindows(
 *     {
 *       add(_reading, state) {
 *         state.count++
 *       },
 *       close: ({ count }, { start }) => `${count} from ${start} on`,
 *     },
 *     perSecond,
 *   ),
 * )
 * assert.deepEqual(await lastValueFrom(counts.pipe(toArray())), ['2 from 0 on', '1 from 1000 on'])
 * ```
 */
export function toWindows<In, State, Out, Window extends WindowDefinition, Late = never>(
  aggregate: AggregateOf<Window, In, State, Out>,
  partition: WindowedPartition<In, State, Window, Late>,
): OperatorFunction<In, Out | Late> {
  return operate(toWindowsStep(aggregate, partition))
}
