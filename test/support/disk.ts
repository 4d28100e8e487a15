import type { Change, OpenStore, Store, StoreEntry } from '../../src/store/store.ts'
import { bytesOf, textOf } from '../../src/store/store.ts'

/** A directory of a store, whose owner may be killed at any moment. */
export interface Disk {
  /** What a crash leaves. */
  readonly content: Map<string, Uint8Array>
  /** Opens it. `land` is told of each commit, and may let it become durable then or later, in order, or never. */
  store(land: (commit: Landing) => void): Store
}

/** A commit on its way to the disk. */
export interface Landing {
  land(): void
  fail(error: unknown): void
}

const applyTo = (content: Map<string, Uint8Array>, changes: readonly Change[]): void => {
  for (const { key, value } of changes) {
    if (value === undefined) content.delete(textOf(key))
    else content.set(textOf(key), value)
  }
}

export function createDisk(): Disk {
  const content = new Map<string, Uint8Array>()

  const open = (land: (commit: Landing) => void): OpenStore => {
    /** What commits that were begun leave. */
    let seen = new Map(content)
    return {
      get(key) {
        const value = seen.get(textOf(key))
        return value && Buffer.from(value)
      },
      range(prefix) {
        const text = textOf(prefix)
        const found = [...seen].filter(([key]) => key.startsWith(text)).sort(([one], [other]) => (one < other ? -1 : 1))
        return found.map(([key, value]): StoreEntry => ({ key: bytesOf(key), value: Buffer.from(value) }))
      },
      commit: (changes) =>
        new Promise((resolve, reject) => {
          applyTo(seen, changes)
          land({
            land() {
              applyTo(content, changes)
              resolve()
            },
            fail(error) {
              seen = new Map(content)
              reject(error)
            },
          })
        }),
      close: () => Promise.resolve(),
    }
  }

  return {
    content,
    store: (land) => ({ name: 'disk', open: () => Promise.resolve(open(land)) }),
  }
}
