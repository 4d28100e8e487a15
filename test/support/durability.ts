import type { Observable } from 'rxjs'
import { lmdbStore, memoryStore, type Change, type OpenStore, type Position, type Store } from 'wallarx'
import { checkpointKey, positionKey, readInfo, type Endpoint } from '../../src/checkpoint/layout.ts'
import { within } from '../../src/context/context.ts'
import { createSource } from '../../src/source/source.ts'
import { temporaryFolder } from './files.ts'
import { createWatch, type Watch } from './watch.ts'

/** Both stores, each made anew for a test. */
export const stores: readonly (readonly [name: string, make: () => Store])[] = [
  ['memoryStore', memoryStore],
  ['lmdbStore', () => lmdbStore(temporaryFolder())],
]

/** A store that shows what a run does to it, and that fails on demand. */
export interface TestStore extends Store {
  /** The changes of each commit that became durable, of all runs. */
  readonly commits: (readonly Change[])[]
  /** The keys of all `get`s that are no part of opening a run, and how many `range`s were begun. */
  readonly gets: Buffer[]
  readonly ranges: number
  /** Commits that were called. */
  readonly begun: number
  /** From now on until `mend`, commits reject: nothing of them is there, or, `'durable'`, all of it. */
  crash(how?: 'lost' | 'durable'): void
  /** Commits begin to wait; the result lets them go on. */
  hang(): () => void
  mend(): void
  /** The last durable position. */
  position(pipeline: string, kind: Endpoint, name: string): Position | undefined
  readonly until: Watch['until']
}

export function testStore(store: Store): TestStore {
  const watch = createWatch()
  const commits: (readonly Change[])[] = []
  const gets: Buffer[] = []
  let ranges = 0
  let begun = 0
  let crashed: 'lost' | 'durable' | undefined
  let hanging: Promise<void> | undefined

  const last = (key: Buffer): Buffer | undefined => {
    for (const changes of commits.toReversed()) {
      for (const change of changes.toReversed()) {
        if (key.equals(change.key) && change.value !== undefined) return Buffer.from(change.value)
      }
    }
    return undefined
  }

  const opened = (inner: OpenStore): OpenStore => ({
    get(key) {
      if (!checkpointKey.equals(key)) gets.push(Buffer.from(key))
      return inner.get(key)
    },
    range(prefix) {
      ranges++
      return inner.range(prefix)
    },
    async commit(changes) {
      begun++
      watch.changed()
      const copies = changes.map(({ key, value }) => ({ key: Buffer.from(key), value: value && Buffer.from(value) }))
      await hanging
      if (crashed === 'lost') throw new Error('the disk is gone')
      await inner.commit(copies)
      commits.push(copies)
      watch.changed()
      if (crashed === 'durable') throw new Error('the disk is gone')
    },
    close: () => inner.close(),
  })

  return {
    name: store.name,
    open: async () => opened(await store.open()),
    commits,
    gets,
    get ranges() {
      return ranges
    },
    get begun() {
      return begun
    },
    crash(how = 'lost') {
      crashed = how
    },
    hang() {
      let goOn!: () => void
      hanging = new Promise((resolve) => (goOn = resolve))
      return () => {
        hanging = undefined
        goOn()
      }
    },
    mend() {
      crashed = undefined
    },
    position(pipeline, kind, name) {
      const key = positionKey(pipeline, kind, name)
      const value = last(key)
      return value && readInfo<Position>(key, value)
    },
    until: watch.until,
  }
}

/** A source that can replay: it hands over messages as they are pushed, each in the same turn unless it is held. */
export interface Feed<Message> {
  readonly source: Observable<Message>
  readonly name: string
  push(...messages: Message[]): void
  /** Messages handed over by the present subscription, with those before its beginning. */
  readonly handed: number
}

export function feed<Message>(name = 'feed'): Feed<Message> {
  const messages: Message[] = []
  let handed = 0
  let pump = (): void => undefined
  return {
    name,
    source: createSource<Message>({ name, kind: 'test' }, ({ output, context, opened, restored = 0, positionFrom }) => {
      const { holds } = context.backPressure
      const { stopping } = context.shutdown
      handed = restored
      let pumping = false
      positionFrom(() => handed)
      opened()
      pump = () => {
        if (pumping) return
        pumping = true
        while (handed < messages.length && !holds.held && !output.closed && !stopping.aborted) {
          within(context, output.next.bind(output), messages[handed++]!)
        }
        pumping = false
        if (handed < messages.length && holds.held) holds.onFree(pump)
      }
      const stop = (): void => {
        within(context, output.complete.bind(output))
      }
      stopping.addEventListener('abort', stop)
      queueMicrotask(pump)
      return () => {
        stopping.removeEventListener('abort', stop)
        pump = () => undefined
      }
    }),
    push(...more) {
      messages.push(...more)
      pump()
    },
    get handed() {
      return handed
    },
  }
}

/** The interval of a run that takes no checkpoint but the last. */
export const never = 2 ** 30
