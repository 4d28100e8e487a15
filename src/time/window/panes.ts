import { onlyChanged, unchanged, type TimedComputation, type TimedResult } from '../computation.ts'
import { timeOf, tooLate } from '../late.ts'
import type { TimedEntity } from '../timers.ts'
import type { Aggregate } from './aggregate.ts'
import { newestStart, oldestStart, paneOf } from './grid.ts'
import { addTo, addToNewest, merged, outputOf, placeOf, type OpenWindow } from './openWindow.ts'
import type { OpenWindows, WindowSettings } from './options.ts'
import type { AlignedWindow } from './window.ts'

/**
 * Sliding windows that are put together from panes when they close, so that a message is added once and not to each of
 * its windows. An entity has one timer: at the end of the window that closes next, or where none is open, when the
 * newest pane can be forgotten.
 */
export function panedWindows<In, State, Out, Late>(
  settings: WindowSettings<In, State, Late, AlignedWindow>,
  aggregate: Aggregate<In, State, Out>,
  name: string,
): TimedComputation<In, OpenWindows<State>, Out | Late> {
  const { window, build, lateness, late } = settings
  const { size, every } = window
  const pane = paneOf(window)
  const grid: AlignedWindow = { ...window, every: pane }

  /** The window with this start, as its panes have it. */
  const whole = (panes: readonly OpenWindow<State>[], start: number): OpenWindow<State> => {
    const end = start + size
    let state = build()
    for (let place = placeOf(panes, start); place < panes.length && panes[place]!.start < end; place++) {
      state = merged(aggregate, state, panes[place]!.state)
    }
    return { start, end, state }
  }

  const wake = (windows: OpenWindows<State>, start: number, at: number, entity: TimedEntity): void => {
    if (windows.due !== Infinity) entity.clear(windows.next)
    windows.next = start
    windows.due = at
    entity.set(start, at)
  }

  const takeIn = (message: In, windows: OpenWindows<State>, entity: TimedEntity): TimedResult<Out | Late> => {
    const time = timeOf(entity)
    const { now } = entity
    const newest = newestStart(time, window)
    if (newest + size + lateness <= now) {
      if (windows.open.length === 0) entity.remove()
      return tooLate(message, time, now, late, `is in a window that has not been closed for ${lateness} ms`)
    }
    const panes = windows.open
    const start = newestStart(time, grid)
    const place = placeOf(panes, start)
    let found: OpenWindow<State> | undefined = panes[place]
    if (found?.start !== start) {
      found = { start, end: start + pane, state: build() }
      panes.splice(place, 0, found)
      windows.pane = pane
    }
    addTo(aggregate, message, found)
    let outputs: (Out | undefined)[] | undefined
    let first = oldestStart(start, found.end, window)
    for (; first <= newest && first + size <= now; first += every) {
      if (first + size + lateness <= now) continue
      ;(outputs ??= []).push(outputOf(aggregate, whole(panes, first), entity, 'correction'))
    }
    const forgetting = windows.next + size < windows.due
    if (first > newest) {
      if (windows.due === Infinity) wake(windows, newest, newest + size + lateness, entity)
    } else if (forgetting || first < windows.next) {
      wake(windows, first, first + size, entity)
    }
    return outputs === undefined ? onlyChanged : [outputs, true]
  }

  /** The start of the first window after this one that has messages. */
  const following = (panes: readonly OpenWindow<State>[], start: number): number | undefined => {
    for (const { start: from, end } of panes) {
      if (newestStart(from, window) > start) return Math.max(start + every, oldestStart(from, end, window))
    }
    return undefined
  }

  return {
    name,
    ...(lateness === 0 && { inPlace: (_newest, states) => addToNewest(aggregate, states) }),
    compute: takeIn,
    onTimer(named, at, windows, entity) {
      const panes = windows.open
      const start = named as number
      if (windows.next !== start) return unchanged
      const outputs = at === start + size ? [outputOf(aggregate, whole(panes, start), entity, 'close')] : undefined
      windows.due = Infinity
      let over = 0
      while (over < panes.length && newestStart(panes[over]!.start, window) + size + lateness <= at) over++
      panes.splice(0, over)
      const next = following(panes, start)
      if (panes.length === 0) {
        entity.remove()
      } else if (next !== undefined && next + size > at) {
        wake(windows, next, next + size, entity)
      } else {
        const newest = newestStart(panes[panes.length - 1]!.start, window)
        wake(windows, newest, newest + size + lateness, entity)
      }
      return [outputs, true]
    },
  }
}
