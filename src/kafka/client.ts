/*
 * The port to a Kafka client: what the cluster, the source and the sink need of one, and no more. Every call throws or
 * rejects with a `KafkaError`; one with a timeout, in ms, does so at the latest when it is over.
 */

export interface Place {
  readonly topic: string
  readonly partition: number
}

/** An offset of a partition. A number: exact up to 2^53. */
export interface PlaceAt extends Place {
  readonly offset: number
}

/** A header of a record. */
export type KafkaHeader = readonly [name: string, value: Uint8Array]

/** A record of a topic. */
export interface KafkaRecord extends PlaceAt {
  readonly key: Uint8Array | null
  /** `null`: a tombstone. */
  readonly value: Uint8Array | null
  readonly headers: readonly KafkaHeader[]
  /** In ms since 1970. */
  readonly timestamp: number
}

/** Whether records of transactions that are open or aborted are seen. */
export type Isolation = 'committed' | 'uncommitted'

/** No settings: the client in use cannot ask for them. */
export interface FoundTopic {
  readonly partitions: number
  /** 32 hexadecimal digits: another one where the topic was made anew. `undefined`: the broker gives none. */
  readonly id: string | undefined
}

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** As Kafka names them: `cleanup.policy` … */
  readonly settings: Readonly<Record<string, string>>
  /** Default: the broker's */
  readonly replicationFactor?: number | undefined
}

/** A member of a group, as the broker sees it. */
export interface GroupMember {
  /** The `client` that it gave as a member. */
  readonly client: string
  readonly places: readonly Place[]
}

/** One for each cluster and process. */
export interface KafkaClient {
  /** Topics by name, or all that there are; a missing one is not in the map. */
  topics(names: readonly string[] | 'all', timeout: number): Promise<ReadonlyMap<string, FoundTopic>>
  /** An existing one is no error, whatever its settings are. They are known everywhere when it resolves. */
  createTopics(topics: readonly NewTopic[], timeout: number): Promise<void>
  /** Rejects as `missing` where one is not there. */
  deleteTopics(names: readonly string[], timeout: number): Promise<void>
  /**
   * Of each place the first offset, and the one that the next record will get: `uncommitted` the end of the log,
   * `committed` the last stable offset.
   */
  ends(
    places: readonly Place[],
    isolation: Isolation,
    timeout: number,
  ): Promise<readonly { readonly low: number; readonly end: number }[]>
  /** The first offsets whose records are not older than `time`, in ms since 1970; the end where there are none. */
  offsetsAt(places: readonly Place[], time: number, timeout: number): Promise<readonly number[]>
  /** Deletes the records before these offsets. */
  deleteBefore(places: readonly PlaceAt[], timeout: number): Promise<void>
  members(group: string, timeout: number): Promise<readonly GroupMember[]>
  /** The names of all groups that have members, or in whose name offsets are committed. */
  groups(timeout: number): Promise<readonly string[]>
  /** All offsets that are committed in the name of a group, whatever an open transaction is about to commit. */
  committedOf(group: string, timeout: number): Promise<readonly PlaceAt[]>
  /**
   * Their committed offsets go too. Rejects as `missing` where one is not there, as `occupied` where one has members;
   * the others may have been deleted then.
   */
  deleteGroups(groups: readonly string[], timeout: number): Promise<void>
  /**
   * Ends the transaction that a dead producer left open. `standing`: places that stand still all the same, because the
   * broker has lost the transaction (Kafka 4.3.1 to 4.4.0); they are freed too.
   */
  endTransactionOf(transactionalId: string, standing: readonly Place[], timeout: number): Promise<void>
  /** Belongs to no group. */
  reader(isolation: Isolation, timeout: number): Promise<KafkaReader>
  member(options: MemberOptions, timeout: number): Promise<KafkaMember>
  /** Has ended what an earlier producer with its transactional id left open, and fenced it. */
  producer(options: ProducerOptions, timeout: number): Promise<KafkaProducer>
  /** Closes everything that it made, or is making, whatever goes on there. Does not reject. */
  close(timeout: number): Promise<void>
}

/** Reads partitions. One call at a time. */
export interface KafkaReader {
  /** Begins to read at these offsets, besides what is read already. */
  assign(places: readonly PlaceAt[]): void
  /** No record of these comes from now on. */
  unassign(places: readonly Place[]): void
  /**
   * At most `max` records, in order for each partition; none when nothing came within `wait` ms, and none of what has
   * been closed, a moment later.
   */
  poll(max: number, wait: number): Promise<readonly KafkaRecord[]>
  /** No record of these comes until they are resumed. */
  pause(places: readonly Place[]): void
  resume(places: readonly Place[]): void
  /** The next record of this place is the first one from its offset on. */
  seek(at: PlaceAt): Promise<void>
  /**
   * Up to where the place has been read: also behind markers of transactions and aborted records at its end, which are
   * offsets without a record. `undefined` where nothing has been read.
   */
  position(place: Place): number | undefined
  close(timeout: number): Promise<void>
}

/** A member of a group. Its partitions are assigned by the group, and paused until they are resumed. */
export interface KafkaMember extends KafkaReader {
  /**
   * The committed offsets of the group, `undefined` where there is none. Rejects as `pending` while a transaction that
   * commits one is open.
   */
  committed(places: readonly Place[], timeout: number): Promise<readonly (number | undefined)[]>
  /** Commits offsets outside of transactions. `abort`, `stale`: as `sendOffsets` of a producer. */
  commitOffsets(offsets: readonly PlaceAt[], timeout: number): Promise<void>
}

export interface MemberOptions {
  /** Says to others who this member is. */
  readonly client: string
  readonly group: string
  readonly topics: readonly string[]
  /** In ms: after so long without a sign of life the broker takes the member for dead. */
  readonly sessionTimeout: number
  /** `classic`: cooperative-sticky; `consumer`: KIP-848, where the session timeout is the broker's. */
  readonly protocol: 'classic' | 'consumer'
  /** Called by `poll`, as the next two are. These places are paused; reading begins where `seek` says. */
  readonly assigned: (places: readonly Place[]) => void
  /** These places go to others as soon as the promise resolves. */
  readonly revoked: (places: readonly Place[]) => Promise<void>
  /** These places may have gone to others already. */
  readonly lost: (places: readonly Place[]) => void
}

export interface ProducerOptions {
  /** Absent: without transactions, idempotent. */
  readonly transactionalId: string | undefined
  /** In ms: the broker aborts a transaction that is open for longer. */
  readonly transactionTimeout: number
}

export interface NewRecord {
  readonly topic: string
  readonly partition: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly KafkaHeader[] | undefined
  /** In ms since 1970. Default: now */
  readonly timestamp?: number | undefined
}

export interface KafkaProducer {
  begin(): Promise<void>
  /**
   * Takes a record; whether it arrived is known when `flush` or `commit` resolves. The bytes may be used again
   * afterwards. `false`: there is no room, and the record was not taken; `drained` resolves when it is worth another
   * try.
   */
  produce(record: NewRecord): boolean
  drained(): Promise<void>
  /**
   * Makes these offsets of the group of this member, which is of the same client, part of the transaction. `abort`: the
   * member is not in its group; `stale`: it has not heard yet how the group has divided its places anew.
   */
  sendOffsets(offsets: readonly PlaceAt[], member: KafkaMember, timeout: number): Promise<void>
  /** It is decided when this resolves; who reads committed records sees them a little later. */
  commit(timeout: number): Promise<void>
  abort(timeout: number): Promise<void>
  /** All records have arrived, or it rejects with the first reason why not. */
  flush(timeout: number): Promise<void>
  close(timeout: number): Promise<void>
}
