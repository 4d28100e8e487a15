/* How windows lie in a store. */

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
      const bytes = Buffer.allocUnsafe(length)
      bytes.writeDoubleBE(pane, 0)
      bytes.writeDoubleBE(next, 8)
      bytes.writeDoubleBE(due, 16)
      let at = headLength
      open.forEach(({ start, end }, n) => {
        const state = states[n]!
        bytes.writeDoubleBE(start, at)
        bytes.writeDoubleBE(end, at + 8)
        bytes.writeUInt32BE(state.length, at + 16)
        bytes.set(state, at + windowHeadLength)
        at += windowHeadLength + state.length
      })
      return bytes
    },
    deserialize(packed) {
      const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length)
      const open: OpenWindow<State>[] = []
      for (let at = headLength; at < bytes.length;) {
        const from = at + windowHeadLength
        const to = from + bytes.readUInt32BE(at + 16)
        const state = serde.deserialize(bytes.subarray(from, to))
        open.push({ start: bytes.readDoubleBE(at), end: bytes.readDoubleBE(at + 8), state })
        at = to
      }
      return { open, pane: bytes.readDoubleBE(0), next: bytes.readDoubleBE(8), due: bytes.readDoubleBE(16) }
    },
  }
}

function bytesOf<State>(serde: Serde<State>, state: State): Uint8Array {
  const bytes: unknown = serde.serialize(state)
  if (bytes instanceof Uint8Array) return bytes
  throw new TypeError('serialize to give a Uint8Array')
}
