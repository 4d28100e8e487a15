import { shownTime } from '../../time/late.ts'
import type { OpenWindow } from '../../time/window/openWindow.ts'
import type { OpenWindows } from '../../time/window/options.ts'

/** The windows of an entity, a line each. `kind` is what the store says of them. */
export function shownWindows(
  kind: string,
  { open, pane }: OpenWindows<unknown>,
  show: (state: unknown) => string,
): string {
  return open
    .map((window) => `\n  ${rangeOf(kind, window, pane > 0 ? 'pane' : 'window')}: ${show(window.state)}`)
    .join('')
}

function rangeOf(kind: string, { start, end }: OpenWindow<unknown>, what: string): string {
  if (isCounted(kind)) return `${what} of messages ${start + 1} to ${end}`
  return `${what} from ${shownTime(start)} to ${shownTime(end)}`
}

/** The timer of a window; its name is where the window starts. */
export function shownWindowTimer(kind: string, start: number, at: number): string {
  if (isCounted(kind)) return 'what is open closes when the input has ended'
  return `timer of the window from ${shownTime(start)} at ${shownTime(at)}`
}

const isCounted = (kind: string): boolean => kind.startsWith('windows of ')
