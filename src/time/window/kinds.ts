import type { TimedComputation } from '../computation.ts'
import type { Aggregate } from './aggregate.ts'
import { alignedWindows } from './aligned.ts'
import { countedWindows } from './counts.ts'
import { paneOf } from './grid.ts'
import type { OpenWindows, WindowSettings } from './options.ts'
import { panedWindows } from './panes.ts'
import { sessionWindows } from './sessions.ts'

/** What `toWindows` computes, by the kind of the windows. */
export function windowsComputation<In, State, Out, Late>(
  settings: WindowSettings<In, State, Late>,
  aggregate: Aggregate<In, State, Out>,
  name: string,
): TimedComputation<In, OpenWindows<State>, Out | Late> {
  const { window } = settings
  switch (window.kind) {
    case 'session':
      return sessionWindows({ ...settings, window }, aggregate, name)
    case 'counted':
      return countedWindows({ ...settings, window, late: undefined }, aggregate, name)
    case 'tumbling':
    case 'sliding': {
      return (isPaned(settings, aggregate) ? panedWindows : alignedWindows)({ ...settings, window }, aggregate, name)
    }
  }
}

/** Whether windows are put together from panes, because those are fewer than the additions that they save. */
export function isPaned(
  { window, emit }: Pick<WindowSettings<never, unknown, unknown>, 'window' | 'emit'>,
  aggregate: { readonly merge?: unknown },
): boolean {
  if (window.kind !== 'sliding' || emit === 'change' || aggregate.merge === undefined) return false
  const windowsOfMessage = Math.ceil(window.size / window.every)
  return windowsOfMessage > 1 && window.size / paneOf(window) <= 2 * windowsOfMessage
}
