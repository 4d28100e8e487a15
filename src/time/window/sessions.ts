import { onlyChanged, unchanged, type TimedComputation, type TimedResult } from '../computation.ts'
import { timeOf, tooLate } from '../late.ts'
import type { TimedEntity } from '../timers.ts'
import type { Aggregate } from './aggregate.ts'
import { addTo, merged, outputOf, placeOf, type OpenWindow } from './openWindow.ts'
import type { OpenWindows, WindowSettings } from './options.ts'
import type { SessionWindow } from './window.ts'

/**
 * Sessions: a timer each, named by the start. One that grows keeps its timer, which then finds that it is not over yet
 * and is set to the end that it has by then; so a message that only makes it longer sets none.
 */
export function sessionWindows<In, State, Out, Late>(
  settings: WindowSettings<In, State, Late, SessionWindow>,
  aggregate: Aggregate<In, State, Out>,
  name: string,
): TimedComputation<In, OpenWindows<State>, Out | Late> {
  const { build, late, emit } = settings
  const { gap } = settings.window

  const takeIn = (message: In, { open }: OpenWindows<State>, entity: TimedEntity): TimedResult<Out | Late> => {
    const time = timeOf(entity)
    const end = time + gap
    const { now } = entity
    if (end <= now) {
      if (open.length === 0) entity.remove()
      return tooLate(message, time, now, late, 'no closed session would have taken')
    }
    // Those that it touches lie next to each other: [from, to).
    let to = placeOf(open, end)
    let from = to
    while (from > 0 && open[from - 1]!.end > time) from--
    let found: OpenWindow<State> | undefined = open[from]
    if (from === to || found === undefined) {
      found = { start: time, end, state: build() }
      open.splice(from, 0, found)
      entity.set(time, end)
    } else {
      while (--to > from) {
        const later = open[from + 1]!
        entity.clear(later.start)
        found.end = later.end
        found.state = merged(aggregate, found.state, later.state)
        open.splice(from + 1, 1)
      }
      if (end > found.end) found.end = end
      if (time < found.start) {
        entity.clear(found.start)
        found.start = time
        entity.set(time, found.end)
      }
    }
    addTo(aggregate, message, found)
    return emit === 'change' ? [[outputOf(aggregate, found, entity, 'early')], true] : onlyChanged
  }

  return {
    name,
    compute: takeIn,
    onTimer(start, at, { open }, entity) {
      const place = placeOf(open, start as number)
      const found = open[place]
      if (found?.start !== start) return unchanged
      if (found.end > at) {
        entity.set(start, found.end)
        return unchanged
      }
      const output = outputOf(aggregate, found, entity, 'close')
      open.splice(place, 1)
      if (open.length === 0) entity.remove()
      return [[output], true]
    },
  }
}
