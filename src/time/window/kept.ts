import type { WindowsKept } from '../../state/statePartition.ts'
import { paneOf } from './grid.ts'
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
