import { hostname } from 'node:os'
import {
  bytesOf,
  checkChanges,
  checkStoreKey,
  storeClosed,
  storeInUse,
  textOf,
  type StoreEntry,
  type OpenStore,
  type Store,
} from './store.ts'
import { lowerBound } from './lowerBound.ts'

/**
 * Keeps its content in memory: for tests, and to run without durability. What is committed stays when the store is
 * closed, so that the same value opened again is what a restart finds; it is gone with the process. `range` sorts the
 * keys again after a commit that added or removed one.
 *
 * @example
 * ```ts
 * import { memoryStore } from 'wallarx'
 *
 * const store = memoryStore()
 * const first = await store.open()
 * await first.commit([{ key: Buffer.from('total'), value: Buffer.from('42') }])
 * await first.close()
 *
 * const second = await store.open()
 * assert.equal(String(second.get(Buffer.from('total'))), '42')
 * ```
 */
export function memoryStore(): Store {
  const name = 'memory'
  const where = { store: name }
  const content = new Map<string, Uint8Array>()
  /** The keys of `content` in order; absent when one came or went since. */
  let sorted: string[] | undefined
  let isOpen = false

  const entriesWith = (prefix: string, from: string): [string, Uint8Array][] => {
    sorted ??= [...content.keys()].sort()
    const found: [string, Uint8Array][] = []
    for (let at = lowerBound(sorted, from); at < sorted.length && sorted[at]!.startsWith(prefix); at++) {
      found.push([sorted[at]!, content.get(sorted[at]!)!])
    }
    return found
  }

  const open = (): OpenStore => {
    if (isOpen) throw storeInUse(`process ${process.pid} on host ${hostname()}`, where)
    isOpen = true
    let closed = false
    const checkOpen = (): void => {
      if (closed) throw storeClosed(where)
    }

    function* entries(prefix: string, from: string): Generator<StoreEntry, void> {
      checkOpen()
      for (const [key, value] of entriesWith(prefix, from)) {
        yield { key: bytesOf(key), value: Buffer.from(value) }
        checkOpen()
      }
    }

    return {
      get(key) {
        checkOpen()
        checkStoreKey(key, where)
        const value = content.get(textOf(key))
        return value && Buffer.from(value)
      },
      range(prefix, from = prefix) {
        checkOpen()
        const [text, first] = [textOf(prefix), textOf(from)]
        return { [Symbol.iterator]: () => entries(text, first < text ? text : first) }
      },
      // async, so that what is wrong with the changes is a rejection; they are applied before the call returns
      // eslint-disable-next-line @typescript-eslint/require-await
      async commit(changes) {
        checkOpen()
        checkChanges(changes, where)
        for (const { key, value } of changes) {
          const text = textOf(key)
          if (value === undefined ? content.delete(text) : !content.has(text)) sorted = undefined
          if (value !== undefined) content.set(text, value)
        }
      },
      close() {
        if (!closed) isOpen = false
        closed = true
        return Promise.resolve()
      },
    }
  }
  // eslint-disable-next-line @typescript-eslint/require-await
  return { name, open: async () => open() }
}
