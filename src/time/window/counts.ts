import { onlyChanged, type TimedComputation } from '../computation.ts'
import { lastTime } from '../late.ts'
import type { Aggregate } from './aggregate.ts'
import { addTo, outputOf } from './openWindow.ts'
import type { OpenWindows, WindowSettings } from './options.ts'
import type { CountedWindow } from './window.ts'

/** Windows by count: one timer for an entity, which fires when all sources have completed. */
export function countedWindows<In, State, Out>(
  settings: WindowSettings<In, State, never, CountedWindow>,
  aggregate: Aggregate<In, State, Out>,
  name: string,
): TimedComputation<In, OpenWindows<State>, Out> {
  const { build, emit } = settings
  const { size, every } = settings.window
  return {
    name,
    compute(message, windows, entity) {
      const { open } = windows
      const number = windows.next++
      if (number === 0) entity.set(0, lastTime)
      if (number % every === 0) open.push({ start: number, end: number + size, state: build() })
      for (const window of open) addTo(aggregate, message, window)
      const isFull = open.length > 0 && open[0]!.end === windows.next
      if (emit === 'close' && !isFull) return onlyChanged
      const outputs = open.map((window) =>
        window.end === windows.next || emit === 'change'
          ? outputOf(aggregate, window, entity, window.end === windows.next ? 'close' : 'early')
          : undefined,
      )
      if (isFull) open.shift()
      return [outputs, true]
    },
    onTimer(_name, _at, { open }, entity) {
      const outputs = open.map((window) => outputOf(aggregate, window, entity, 'close'))
      entity.remove()
      return [outputs, true]
    },
  }
}
