import type { PumpTarget } from './pump.ts'

/** Topics that a source reads. */
export interface Subscription extends Omit<PumpTarget, 'acquire' | 'release' | 'pending'> {
  readonly group: string
  readonly topics: readonly string[]
  /** It is read from now on. */
  opened(): void
}

/** The sources of a program that read topics: by their group and topics one, which may be subscribed to again. */
export interface Subscriptions {
  /** The result ends it: nothing is handed over until another one of this group and these topics comes. */
  add(subscription: Subscription): () => void
  /** One of each, as it is now. */
  list(): readonly Pick<Subscription, 'group' | 'topics'>[]
  /** What stands for the one of this group and these topics, whichever that is. */
  target(of: Pick<Subscription, 'group' | 'topics'>, rest: Pick<PumpTarget, 'release' | 'pending'>): PumpTarget
  /** Tells those of this group and these topics that they are read. */
  opened(of: Pick<Subscription, 'group' | 'topics'>): void
}

/** `onNew` is called for one whose group and topics are not read yet; `isNew` tells by what `list` says. */
export function createSubscriptions(
  onNew: (subscription: Pick<Subscription, 'group' | 'topics'>) => void,
): Subscriptions {
  const present = new Map<string, Subscription>()
  const known = new Map<string, Subscription>()
  const open = new Set<string>()
  const idOf = ({ group, topics }: Pick<Subscription, 'group' | 'topics'>): string => JSON.stringify([group, topics])

  return {
    add(subscription) {
      const id = idOf(subscription)
      present.set(id, subscription)
      if (open.has(id)) subscription.opened()
      if (!known.has(id)) {
        known.set(id, subscription)
        onNew(subscription)
      }
      return () => {
        if (present.get(id) === subscription) present.delete(id)
      }
    },
    list: () => [...known.values()],
    target(of, { release, pending }) {
      const id = idOf(of)
      const { chunk, beginning } = known.get(id)! // also of one that has ended since
      return {
        chunk,
        beginning,
        pending,
        release,
        acquire: () => Promise.resolve(),
        held: () => present.get(id)?.held() ?? true,
        onFree(resume) {
          present.get(id)?.onFree(resume)
        },
        handOver(records) {
          present.get(id)!.handOver(records)
        },
      }
    },
    opened(of) {
      open.add(idOf(of))
      present.get(idOf(of))?.opened()
    },
  }
}
