import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { AggregateOf } from '../../../src/time/window/aggregate.ts'
import type { WindowDefinition } from '../../../src/time/window/window.ts'
import type { WindowedPartition } from '../../../src/time/window/windowed.ts'
import { toWindowsStep } from '../../steps/toWindows.ts'
import { operate } from '../chain/operate.ts'

/**
 * Adds each message to the windows of its key, and emits what `close` gives for a window when the watermark reaches its
 * end, as `toWindows` of `wallarx/operators` does.
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { counted, windowed } from 'wallarx'
 * import { toWindows } from 'wallarx/operators/ix'
 *
 * const pairs = windowed('pairs', {
 *   key: (n: number) => n % 2,
 *   window: counted({ size: 2 }),
 *   build: () => ({ sum: 0 }),
 * })
 * const add = (n: number, state: { sum: number }): void => {
 *   state.sum += n
 * }
 * const sums = of(1, 2, 3).pipe(toWindows({ add, close: ({ sum }) => sum }, pairs))
 * assert.deepEqual(await toArray(sums), [4, 2])
 * ```
 */
export function toWindows<In, State, Out, Window extends WindowDefinition, Late = never>(
  aggregate: AggregateOf<Window, In, State, Out>,
  partition: WindowedPartition<In, State, Window, Late>,
): OperatorAsyncFunction<In, Out | Late> {
  return operate(toWindowsStep(aggregate, partition))
}
