import type { TimedComputation } from '../computation.ts'
import type { Aggregate } from './aggregate.ts'
import { alignedWindows } from './aligned.ts'
import { countedWindows } from './counts.ts'
import { paneOf } from './grid.ts'
import type { OpenWindows, WindowSettings } from './options.ts'
import { panedWindows } from './panes.ts'
import { sessionWindows } from './sessions.ts'
import type { AlignedWindow } from './window.ts'

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
      const paned = settings.emit === 'close' && aggregate.merge !== undefined && isPaned(window)
      return (paned ? panedWindows : alignedWindows)({ ...settings, window }, aggregate, name)
    }
  }
}

/** Whether panes are fewer than the additions that they save. */
function isPaned(window: AlignedWindow): boolean {
  const windowsOfMessage = Math.ceil(window.size / window.every)
  return windowsOfMessage > 1 && window.size / paneOf(window) <= 2 * windowsOfMessage
}
