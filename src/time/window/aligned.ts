import { onlyChanged, unchanged, type TimedComputation, type TimedResult } from '../computation.ts'
import { timeOf, tooLate } from '../late.ts'
import type { TimedEntity } from '../timers.ts'
import type { Aggregate } from './aggregate.ts'
import { newestStart } from './grid.ts'
import { addTo, addToKnown, outputOf, placeOf, putIn, type OpenWindow } from './openWindow.ts'
import type { OpenWindows, WindowSettings } from './options.ts'
import type { AlignedWindow } from './window.ts'

/** Tumbling windows, and sliding ones with a state for each: a window is a timer at its end, named by its start. */
export function alignedWindows<In, State, Out, Late>(
  settings: WindowSettings<In, State, Late, AlignedWindow>,
  aggregate: Aggregate<In, State, Out>,
  name: string,
): TimedComputation<In, OpenWindows<State>, Out | Late> {
  const { window, build, lateness, late, emit } = settings
  const { size, every } = window
  // Nothing but the newest window is concerned, and it says nothing.
  const plain = every === size && lateness === 0 && emit === 'close'

  const takeIn = (message: In, windows: OpenWindows<State>, entity: TimedEntity): TimedResult<Out | Late> => {
    const time = timeOf(entity)
    const { now } = entity
    const newest = newestStart(time, window)
    if (newest + size + lateness <= now) {
      if (windows.open.length === 0) entity.remove()
      return tooLate(message, time, now, late, `is in a window that has not been closed for ${lateness} ms`)
    }
    let outputs: (Out | undefined)[] | undefined
    let start = newest
    while (start - every > time - size && start - every + size + lateness > now) start -= every
    for (; start <= newest; start += every) {
      const end = start + size
      const place = placeOf(windows.open, start)
      let found: OpenWindow<State> | undefined = windows.open[place]
      if (found?.start !== start) {
        found = { start, end, state: build() }
        putIn(windows, place, found)
        entity.set(start, end > now ? end : end + lateness)
      }
      addTo(aggregate, message, found)
      if (plain) entity.begun(start, found.state)
      if (end <= now) (outputs ??= []).push(outputOf(aggregate, found, entity, 'correction'))
      else if (emit === 'change') (outputs ??= []).push(outputOf(aggregate, found, entity, 'early'))
    }
    return outputs === undefined ? onlyChanged : [outputs, true]
  }

  return {
    name,
    ...(plain && { inPlace: (newest, states) => addToKnown(aggregate, size, newest, states) }),
    compute: takeIn,
    onTimer(start, at, { open }, entity) {
      const place = placeOf(open, start as number)
      const found = open[place]
      if (found?.start !== start) return unchanged
      if (at < found.end) {
        entity.set(start, found.end) // a session of an earlier version
        return unchanged
      }
      const outputs = at === found.end ? [outputOf(aggregate, found, entity, 'close')] : undefined
      if (at === found.end && lateness > 0) {
        entity.set(start, at + lateness)
      } else {
        if (open.length === 1) open.pop()
        else open.splice(place, 1)
        if (open.length === 0) entity.remove()
      }
      return [outputs, true]
    },
  }
}
