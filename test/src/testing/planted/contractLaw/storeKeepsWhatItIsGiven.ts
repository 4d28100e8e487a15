import { setTimeout as delay } from 'node:timers/promises'
import { memoryStore, type Change, type OpenStore, type Store } from 'wallarx'
import { storeKeepsWhatItIsGiven } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

/** A memory store with something wrong. */
const storeWith = (spoil: (open: OpenStore) => Partial<OpenStore>): (() => Store) => {
  return () => {
    const store = memoryStore()
    return {
      name: 'spoilt',
      async open() {
        const open = await store.open()
        return {
          get: (key) => open.get(key),
          range: (prefix) => open.range(prefix),
          commit: (changes) => open.commit(changes),
          close: () => open.close(),
          ...spoil(open),
        }
      },
    }
  }
}

export const planted: Planted[] = [
  {
    bug: 'a store that loses a deletion',
    build: storeWith((open) => ({
      commit: (changes) => open.commit(changes.filter(({ value }) => value !== undefined)),
    })),
  },
  {
    bug: 'a store that commits the first half of what it rejects',
    build: storeWith((open) => ({
      async commit(changes) {
        const invalid = changes.findIndex(({ key }) => key.length === 0 || key.length > 1900)
        await open.commit(invalid < 0 ? changes : changes.slice(0, invalid))
        if (invalid >= 0) throw new RangeError('a key that is none')
      },
    })),
  },
  {
    bug: 'a store that lets the first change to a key count',
    build: storeWith((open) => ({ commit: (changes) => open.commit([...changes].reverse()) })),
  },
  {
    bug: 'a store that shows a commit only when it is durable',
    build: storeWith((open) => ({
      async commit(changes) {
        const copies: Change[] = changes.map(({ key, value }) => ({
          key: Buffer.from(key),
          value: value && Buffer.from(value),
        }))
        await Promise.resolve()
        await open.commit(copies)
      },
    })),
  },
  {
    bug: 'a store that gives back the same bytes',
    build: storeWith((open) => {
      const given = new Map<string, Buffer | undefined>()
      return {
        get(key) {
          const name = Buffer.from(key).toString('hex')
          const found = open.get(key)
          const before = given.get(name)
          if (found === undefined || before?.length !== found.length) given.set(name, found)
          return given.get(name)
        },
      }
    }),
  },
  {
    bug: 'a store that gives its own bytes',
    build: () => {
      const entries = new Map<string, Buffer>()
      return mapStore(entries, (value) => value as Buffer)
    },
  },
  {
    bug: 'a store whose range is in the order of insertion',
    build: () => mapStore(new Map(), (value) => Buffer.from(value), false),
  },
  {
    bug: 'a store that takes a prefix for a first key',
    build: storeWith((open) => ({
      range: (prefix) =>
        [...open.range(Buffer.alloc(0))].filter(({ key }) => Buffer.compare(key, Buffer.from(prefix)) >= 0),
    })),
  },
  {
    bug: 'a store that forgets an empty value',
    build: storeWith((open) => ({
      get(key) {
        const value = open.get(key)
        return value?.length === 0 ? undefined : value
      },
    })),
  },
  {
    bug: 'a store that forgets when it is closed',
    build: () => ({ name: 'forgetful', open: () => memoryStore().open() }),
  },
  {
    bug: 'a store that loses the last commit when it is closed at once',
    build: () => {
      const store = memoryStore()
      return {
        name: 'hasty',
        async open() {
          const open = await store.open()
          const durable: OpenStore = open
          let unsaved: Change[] | undefined
          const view = new Map([...open.range(Buffer.alloc(0))].map(({ key, value }) => [key.toString('hex'), value]))
          let closed = false
          const mapped = await mapStore(view, (value) => Buffer.from(value)).open()
          return {
            ...mapped,
            async commit(changes: readonly Change[]) {
              const committed = mapped.commit(changes)
              unsaved = changes.map(({ key, value }) => ({ key: Buffer.from(key), value: value && Buffer.from(value) }))
              const mine = unsaved
              await committed
              await delay(0)
              if (!closed) await durable.commit(mine)
            },
            async close() {
              closed = true
              await open.close()
            },
          }
        },
      }
    },
  },
].map(({ bug, build }) => ({
  law: 'storeKeepsWhatItIsGiven',
  bug,
  check: (options) => storeKeepsWhatItIsGiven(build, options),
}))

/** A store over a Map: right, but for how it copies and sorts. */
function mapStore(entries: Map<string, Buffer>, copy: (value: Uint8Array) => Buffer, sorted = true): Store {
  let isOpen = false
  return {
    name: 'map',
    async open() {
      if (isOpen) throw new Error('open already')
      isOpen = true
      return {
        get(key) {
          const value = entries.get(Buffer.from(key).toString('hex'))
          return value && copy(value)
        },
        range(prefix) {
          const all = [...entries].filter(([key]) => key.startsWith(Buffer.from(prefix).toString('hex')))
          if (sorted) all.sort(([one], [other]) => (one < other ? -1 : 1))
          return all.map(([key, value]) => ({ key: Buffer.from(key, 'hex'), value: copy(value) }))
        },
        commit(changes) {
          if (changes.some(({ key }) => key.length === 0 || key.length > 1900)) return Promise.reject(new Error('key'))
          for (const { key, value } of changes) {
            if (value === undefined) entries.delete(Buffer.from(key).toString('hex'))
            else entries.set(Buffer.from(key).toString('hex'), copy(value))
          }
          return Promise.resolve()
        },
        async close() {
          isOpen = false
        },
      }
    },
  }
}

export const right: Planted = {
  law: 'storeKeepsWhatItIsGiven',
  bug: 'a store over a Map',
  check: (options) => storeKeepsWhatItIsGiven(() => mapStore(new Map(), (value) => Buffer.from(value)), options),
}
