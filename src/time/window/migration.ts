import type { OpenWindows } from './options.ts'

/** Takes the states of all windows of an entity from one version to another. The windows stay as they are. */
export function migrateWindows<State>(
  migrate: (state: unknown, fromVersion: number) => State,
): (state: unknown, fromVersion: number) => OpenWindows<State> {
  return (state, fromVersion) => {
    const windows = state as OpenWindows<State>
    for (const window of windows.open) window.state = migrate(window.state, fromVersion)
    return windows
  }
}
