import { WallarxError } from '../../base/errors.ts'
import type { Place } from '../client.ts'
import type { PumpTarget } from './pump.ts'

/** Topics that a source reads. */
export interface Subscription extends Omit<PumpTarget, 'acquire' | 'release' | 'pending' | 'opened'> {
  readonly group: string
  readonly topics: readonly string[]
  /** Resolves when it may be read. */
  readonly prepare: () => Promise<void>
  /** It is read from now on. */
  opened(): void
  /** How many partitions topics have, before anything is read. */
  readonly foresee: (count: (topic: string) => number | undefined) => void
  /** A place has come, whose records come next; or they are gone. */
  readonly began: (place: Place) => void
  readonly released: (places: readonly Place[]) => void
}

/** By what a subscription is read. */
type Read = Pick<Subscription, 'group' | 'topics'>

/** The sources of a program that read topics: by their group and topics one, which may be subscribed to again. */
export interface Subscriptions {
  /**
   * The result ends it: nothing is handed over until another one of this group and these topics comes. Throws
   * `NAME_DUPLICATE` while there is one.
   */
  readonly add: (subscription: Subscription) => () => void
  /** Tells those that there are by now how many partitions topics have. */
  foresee(count: (topic: string) => number | undefined): void
  /** All topics of those that there are by now. */
  topics(): string[]
  /** Reads them, and from now on those that come. `release`: commits what has been handed over. */
  start(release: () => Promise<void>): Promise<void>
}

export interface SubscriptionsOptions {
  /** Joins a group. */
  readonly join: (of: Read, target: PumpTarget) => Promise<void>
  /** An offset of the group cannot be told while a transaction is open. */
  readonly pending: (group: string) => void
  /** Called with what reading has failed with. */
  readonly lose: (reason: unknown) => void
}

const duplicate = ({ group, topics }: Read): WallarxError =>
  new WallarxError('NAME_DUPLICATE', {
    expected: `one source of a worker that reads ${topics.join(', ')} in the group ${group} (option group)`,
    got: 'a second one: each record would come to one of them, and the other would miss it; `share` makes two of one',
  })

export function createSubscriptions({ join, pending, lose }: SubscriptionsOptions): Subscriptions {
  const present = new Map<string, Subscription>()
  const known = new Map<string, Subscription>()
  const open = new Set<string>()
  const idOf = ({ group, topics }: Read): string => JSON.stringify([group, topics])
  let release: (() => Promise<void>) | undefined

  /** What stands for the one of this group and these topics, whichever that is. */
  const target = (id: string, { group, chunk, beginning, keepsBeginning = false }: Subscription): PumpTarget => ({
    chunk,
    beginning,
    keepsBeginning,
    pending() {
      pending(group)
    },
    async release(places) {
      await release!()
      present.get(id)?.released(places)
    },
    opened(place) {
      present.get(id)?.began(place)
    },
    acquire: () => Promise.resolve(),
    held: () => present.get(id)?.held() ?? true,
    onFree(resume) {
      present.get(id)?.onFree(resume)
    },
    handOver(records, passed) {
      present.get(id)!.handOver(records, passed)
    },
  })

  const read = async (subscription: Subscription): Promise<void> => {
    const { group, topics } = subscription
    const id = idOf(subscription)
    await subscription.prepare()
    await join({ group, topics }, target(id, subscription))
    open.add(id)
    present.get(id)?.opened()
  }

  return {
    add(subscription) {
      const id = idOf(subscription)
      if (present.has(id)) throw duplicate(subscription)
      present.set(id, subscription)
      if (open.has(id)) subscription.opened()
      if (!known.has(id)) {
        known.set(id, subscription)
        if (release !== undefined) read(subscription).catch(lose)
      }
      return () => {
        if (present.get(id) === subscription) present.delete(id)
      }
    },
    foresee(count) {
      for (const subscription of known.values()) subscription.foresee(count)
    },
    topics: () => [...known.values()].flatMap(({ topics }) => topics),
    async start(releaseWith) {
      release = releaseWith
      for (const subscription of [...known.values()]) await read(subscription)
    },
  }
}
