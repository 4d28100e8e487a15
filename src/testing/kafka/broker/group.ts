import type { GroupMember, Place } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import type { Offsets } from './offsets.ts'
import type { Sessions } from './sessions.ts'
import type { Topics } from './topics.ts'

/** What every group has, whichever way it divides its places. */
export interface Group {
  readonly offsets: Offsets
  members(): GroupMember[]
  /** A member may commit offsets. Throws `abort`. */
  check(id: string | undefined, generation: number): void
  leave(id: string): void
  /** Puts the member of this client out, and does not tell it. */
  evict(client: string): void
  readonly sessions: Sessions
}

/** Who joins. */
export interface Joining {
  readonly client: string
  readonly topics: readonly string[]
  readonly sessionTimeout: number
}

export interface GroupOptions {
  readonly topics: Topics
  readonly offsets: Offsets
  readonly now: () => number
  readonly after: (milliseconds: number, work: () => void) => () => void
}

export const unknownMember = (): KafkaError => new KafkaError('abort', 'not a member of the group', 25)

/** All partitions of topics. */
export const placesOf = (topics: Topics, names: Iterable<string>): Place[] =>
  [...new Set(names)].flatMap((topic) =>
    Array.from({ length: topics.find(topic)?.partitions ?? 0 }, (_, partition) => ({ topic, partition })),
  )
