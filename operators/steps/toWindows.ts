import { invalidOption } from '../../src/base/option.ts'
import { emitAll } from '../../src/step/emitAll.ts'
import { stateStep } from '../../src/step/stateStep.ts'
import type { Step } from '../../src/step/step.ts'
import type { Aggregate } from '../../src/time/window/aggregate.ts'
import type { WindowDefinition } from '../../src/time/window/window.ts'
import { keptOf } from '../../src/time/window/stored.ts'
import { windowsKept } from '../../src/state/statePartition.ts'
import { windowsOf, type WindowedPartition } from '../../src/time/window/windowed.ts'
import { isPaned, windowsComputation } from '../../src/time/window/kinds.ts'

/** What `toWindows` does. */
export function toWindowsStep<In, State, Out, Late>(
  aggregate: Aggregate<In, State, Out>,
  partition: WindowedPartition<In, State, WindowDefinition, Late>,
): Step<In, Out | Late> {
  const settings = (partition as Partial<typeof partition> | undefined)?.[windowsOf]
  if (settings === undefined) {
    throw invalidOption('the state partition of toWindows', 'what windowed gives', partition)
  }
  const where = { partition: partition.name }
  for (const method of ['add', 'close'] as const) {
    if (typeof (aggregate as Partial<typeof aggregate> | undefined)?.[method] !== 'function') {
      throw invalidOption('an aggregate', `an object with the method ${method}`, aggregate, where)
    }
  }
  const merges = typeof (aggregate.merge as unknown)
  if (merges !== 'function' && (merges !== 'undefined' || settings.window.kind === 'session')) {
    throw invalidOption('merge of an aggregate', 'a function, which sessions cannot do without', merges, where)
  }
  const computation = windowsComputation<In, State, Out, Late>(settings, aggregate, aggregate.name ?? 'toWindows')
  partition[windowsKept] = keptOf(settings.window, isPaned(settings, aggregate))
  return stateStep({
    ...computation,
    operator: 'toWindows',
    partition,
    key: partition.key,
    concurrency: undefined,
    emit: emitAll<Out | Late>,
    flow: 'many',
  })
}
