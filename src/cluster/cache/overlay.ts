import { bytesOf, textOf, type Change, type OpenStore } from '../../store/store.ts'
import { createLayer, type Layer } from './layer.ts'
import { cacheFailure } from './failure.ts'

/**
 * A store that is never newer than what the cluster has committed: changes are in memory until they are committed
 * there, and only then go to the store; reads see them at once.
 */
export interface Overlay {
  get(key: Uint8Array): Uint8Array | undefined
  /** What is under keys that begin so, by their text; in no order. */
  under(prefix: Uint8Array): Map<string, Uint8Array>
  /** The keys that begin so, from this one on, in order: no more is read than is asked for. */
  sorted(prefix: Uint8Array, from: Uint8Array): Iterable<Uint8Array>
  /** The keys that begin so, some maybe twice. Those that are added meanwhile need not be among them. */
  keys(prefix: Uint8Array): Iterable<Uint8Array>
  /** A change of the transaction under way. */
  readonly put: (change: Change) => void
  /** The transaction is committed. */
  committed(): void
  /** A change that is committed on the cluster. */
  readonly putCommitted: (change: Change) => void
  /** Resolves when all that is committed by now is in the store. Rejects with what it has failed with. */
  readonly flush: () => Promise<void>
  /** `undefined`, or resolves when it is worth asking again whether more may be put. Does not reject. */
  readonly room: () => Promise<void> | undefined
  /** Forgets the transaction under way, and flushes. What is put afterwards is lost. */
  readonly close: () => Promise<void>
}

/** Bytes of memory that committed changes may take before they are written. */
const mostWaiting = 4 * 1024 * 1024

/** `failed` is called once, with why the store cannot be written: what is read stays right, and nothing is written. */
export function createOverlay(store: OpenStore, failed: (error: unknown) => void): Overlay {
  let uncommitted = createLayer()
  let waiting = createLayer()
  let writing: Layer | undefined
  let failure: { readonly error: unknown } | undefined
  let isClosed = false
  let isDue = false
  let last = Promise.resolve()

  /** The newest first. */
  const layers = (): Layer[] => [uncommitted, waiting, ...(writing === undefined ? [] : [writing])]

  const write = async (): Promise<void> => {
    if (failure !== undefined) throw failure.error
    if (waiting.size === 0) return
    writing = waiting
    waiting = createLayer()
    try {
      await store.commit(writing.all())
      writing = undefined
    } catch (error) {
      // It stays to be read: the store does not show it any more.
      failure = { error: cacheFailure(error) }
      failed(failure.error)
      throw failure.error
    }
  }

  const flush = (): Promise<void> => {
    const done = last.then(write)
    last = done.catch(() => undefined) // told
    return done
  }

  /** Begins to write when there is enough. */
  const writeSoon = (): void => {
    if (isDue || waiting.size < mostWaiting) return
    isDue = true
    const done = (): void => {
      isDue = false
    }
    flush().then(done, done)
  }

  return {
    get(key) {
      for (const layer of [uncommitted, waiting, writing]) {
        const change = layer?.get(key)
        if (change !== undefined) return change.value
      }
      return store.get(key)
    },
    under(prefix) {
      const found = new Map<string, Uint8Array>()
      for (const { key, value } of store.range(prefix)) found.set(textOf(key), value)
      for (const layer of layers().reverse()) {
        for (const { key, value } of layer.under(prefix)) {
          if (value === undefined) found.delete(textOf(key))
          else found.set(textOf(key), value)
        }
      }
      return found
    },
    *sorted(prefix, from) {
      /** Whether they are there, those that lie over the store. */
      const changed = new Map<string, boolean>()
      for (const layer of layers().reverse()) {
        for (const { key, value } of layer.under(prefix)) changed.set(textOf(key), value !== undefined)
      }
      const first = textOf(from)
      const added = [...changed].filter(([key, isThere]) => isThere && key >= first).map(([key]) => key)
      added.sort()
      let at = 0
      for (const { key } of store.range(prefix, from)) {
        const text = textOf(key)
        if (text < first || changed.has(text)) continue
        while (at < added.length && added[at]! < text) yield bytesOf(added[at++]!)
        yield key
      }
      while (at < added.length) yield bytesOf(added[at++]!)
    },
    *keys(prefix) {
      for (const layer of layers()) for (const { key } of [...layer.under(prefix)]) yield key
      for (const { key } of store.range(prefix)) yield key
    },
    put(change) {
      uncommitted.put(change)
    },
    committed() {
      if (isClosed) return
      if (waiting.size === 0) waiting = uncommitted
      else for (const change of uncommitted.all()) waiting.put(change)
      uncommitted = createLayer()
      writeSoon()
    },
    putCommitted(change) {
      if (isClosed) return
      waiting.put(change)
      writeSoon()
    },
    flush,
    room: () => (waiting.size < mostWaiting || failure !== undefined ? undefined : flush().catch(() => undefined)),
    async close() {
      isClosed = true
      uncommitted = createLayer()
      if (failure === undefined) await flush()
    },
  }
}
