import type { Change, OpenStore, Store } from 'wallarx'

/** The store, whose commits go through `commit`, which makes them by `commitNow`. */
export const watchedStore = (
  store: Store,
  commit: (changes: readonly Change[], commitNow: OpenStore['commit']) => Promise<void>,
): Store => ({
  name: store.name,
  async open(): Promise<OpenStore> {
    const opened = await store.open()
    return { ...opened, commit: (changes) => commit(changes, opened.commit) }
  },
})
