/* How windows lie in a store. */

import { allocate, asBytes } from '#platform'
import { invalidOption } from '../../base/option.ts'
import type { Serde } from '../../state/serde.ts'
import type { WindowsKept } from '../../state/statePartition.ts'
import { paneOf } from './grid.ts'
import type { OpenWindow } from './openWindow.ts'
import type { OpenWindows } from './options.ts'
import type { WindowDefinition } from './window.ts'

/** What a store remembers of these windows. */
export function keptOf(window: WindowDefinition, paned: boolean): WindowsKept {
  switch (window.kind) {
    case 'tumbling':
      return { windows: `tumbling windows of ${window.size} ms${shifted(window.offset)}`, fixed: false }
    case 'sliding': {
      const panes = paned ? ` in panes of ${paneOf(window)} ms` : ''
      const windows = `sliding windows of ${window.size} ms every ${window.every} ms${shifted(window.offset)}${panes}`
      return { windows, fixed: paned }
    }
    case 'session':
      return { windows: `sessions with gaps of ${window.gap} ms`, fixed: false }
    case 'counted':
      return { windows: `windows of ${window.size} messages, one every ${window.every}`, fixed: true }
  }
}

const shifted = (offset: number): string => (offset === 0 ? '' : `, shifted by ${offset} ms`)

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

/*
 * The windows of an entity, whose states a serde of the user's packs:
 *
 *   windows = pane:f64 next:f64 due:f64 window*
 *   window  = start:f64 end:f64 length:u32 state:length bytes
 *
 * All numbers big-endian.
 */
const headLength = 24
const windowHeadLength = 20

/** Packs the windows of an entity with a serde for the state of one. */
export function windowsSerde<State>(serde: Serde<State>): Serde<OpenWindows<State>> {
  if (typeof serde?.serialize !== 'function' || typeof serde.deserialize !== 'function') {
    throw invalidOption('serde', 'an object with the methods serialize and deserialize', serde)
  }
  return {
    serialize({ open, pane, next, due }) {
      const states = open.map(({ state }) => bytesOf(serde, state))
      const length = states.reduce((sum, state) => sum + windowHeadLength + state.length, headLength)
      const bytes = allocate(length)
      const view = viewOf(bytes)
      view.setFloat64(0, pane)
      view.setFloat64(8, next)
      view.setFloat64(16, due)
      let at = headLength
      open.forEach(({ start, end }, n) => {
        const state = states[n]!
        view.setFloat64(at, start)
        view.setFloat64(at + 8, end)
        view.setUint32(at + 16, state.length)
        bytes.set(state, at + windowHeadLength)
        at += windowHeadLength + state.length
      })
      return bytes
    },
    deserialize(packed) {
      const bytes = asBytes(packed)
      const view = viewOf(packed)
      const open: OpenWindow<State>[] = []
      for (let at = headLength; at < bytes.length;) {
        const from = at + windowHeadLength
        const to = from + view.getUint32(at + 16)
        const state = serde.deserialize(bytes.subarray(from, to))
        open.push({ start: view.getFloat64(at), end: view.getFloat64(at + 8), state })
        at = to
      }
      return { open, pane: view.getFloat64(0), next: view.getFloat64(8), due: view.getFloat64(16) }
    },
  }
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView => new DataView(buffer, byteOffset, length)

function bytesOf<State>(serde: Serde<State>, state: State): Uint8Array {
  const bytes: unknown = serde.serialize(state)
  if (bytes instanceof Uint8Array) return bytes
  throw new TypeError('serialize to give a Uint8Array')
}
