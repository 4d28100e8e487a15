import type { LatePolicy } from '../late.ts'
import type { OpenWindow } from './openWindow.ts'
import type { WindowDefinition } from './window.ts'

/** What the windows of a state partition are, as `windowed` was told. */
export interface WindowSettings<In, State, Late, Window extends WindowDefinition = WindowDefinition> {
  readonly window: Window
  /** Makes the state of a new window. */
  readonly build: () => State
  readonly lateness: number
  readonly late: LatePolicy<In, Late> | undefined
  readonly emit: 'close' | 'change'
}

/** The state of an entity: its windows, in the order of their starts. Empty ones are not there. */
export interface OpenWindows<State> {
  open: OpenWindow<State>[]
  /** The length of the panes that `open` has in place of windows; 0: windows. */
  pane: number
  /** With panes: the start of the window that has a timer, or -1 for none. With `counted`: how many messages came. */
  next: number
  /** With panes: when that timer fires. */
  due: number
}

export const noWindows = (): OpenWindows<never> => ({ open: [], pane: 0, next: 0, due: Infinity })
