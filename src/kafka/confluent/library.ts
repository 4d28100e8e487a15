import { KafkaError } from '../fault.ts'

/*
 * The part of `@confluentinc/kafka-javascript` that is used: its rdkafka-style API. Its types are stated here, so that
 * this package compiles, and is typed for its users, without it.
 */

/** An error of librdkafka. The flags are there for calls of a transaction only. */
export interface LibraryError extends Error {
  readonly code: number
  readonly isFatal?: boolean
  readonly isRetriable?: boolean
  readonly isTxnRequiresAbort?: boolean
}

/** How a call answers. */
export type Done<Value = unknown> = (error: LibraryError | null | undefined, value: Value) => void

export interface LibraryPlace {
  readonly topic: string
  readonly partition: number
  readonly offset?: number | undefined
  readonly error?: LibraryError
}

export interface LibraryMessage extends LibraryPlace {
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers?: readonly Readonly<Record<string, Buffer>>[]
}

export interface LogLine {
  /** As syslog counts: 3 an error, 4 a warning, 6 for information. */
  readonly severity: number
  readonly message: string
}

export interface LibraryMetadata {
  readonly topics: readonly LibraryTopic[]
}

/** A consumer or a producer. */
export interface LibraryHandle {
  connect(options: { allTopics: boolean; timeout: number }, done: Done): unknown
  getMetadata(
    options: { timeout: number } & ({ allTopics: boolean } | { topic: string }),
    done: Done<LibraryMetadata>,
  ): unknown
  on(event: 'event.log', listener: (line: LogLine) => void): unknown
}

export interface LibraryConsumer extends LibraryHandle {
  setDefaultConsumeTimeout(milliseconds: number): void
  setDefaultIsTimeoutOnlyForFirstMessage(only: boolean): void
  on(event: 'event.log', listener: (line: LogLine) => void): unknown
  on(event: 'partition.eof', listener: (place: LibraryPlace & { readonly offset: number }) => void): unknown
  subscribe(topics: readonly string[]): unknown
  consume(most: number, done: Done<LibraryMessage[]>): void
  incrementalAssign(places: readonly LibraryPlace[]): unknown
  incrementalUnassign(places: readonly LibraryPlace[]): unknown
  assignmentLost(): boolean
  pause(places: readonly LibraryPlace[]): unknown
  resume(places: readonly LibraryPlace[]): unknown
  seek(place: LibraryPlace, timeout: number, done: Done): unknown
  position(places: readonly LibraryPlace[]): readonly LibraryPlace[]
  committed(places: readonly LibraryPlace[], timeout: number, done: Done<readonly LibraryPlace[]>): unknown
  commitCb(places: readonly LibraryPlace[], done: Done): unknown
  disconnect(done: Done): unknown
}

export interface LibraryProducer extends LibraryHandle {
  on(event: 'event.log', listener: (line: LogLine) => void): unknown
  on(event: 'delivery-report', listener: (error: LibraryError | null) => void): unknown
  setPollInBackground(set: boolean): unknown
  produce(
    topic: string,
    partition: number,
    value: Uint8Array | null,
    key: Uint8Array | null,
    timestamp: number | undefined,
    opaque: undefined,
    headers: readonly Readonly<Record<string, Uint8Array>>[] | undefined,
  ): unknown
  flush(timeout: number, done: Done): unknown
  initTransactions(timeout: number, done: Done): void
  beginTransaction(done: Done): void
  sendOffsetsToTransaction(
    offsets: readonly LibraryPlace[],
    consumer: LibraryConsumer,
    timeout: number,
    done: Done,
  ): void
  commitTransaction(timeout: number, done: Done): void
  abortTransaction(timeout: number, done: Done): void
  disconnect(flushTimeout: number, done: Done): unknown
}

export interface LibraryTopic {
  readonly name: string
  readonly partitions: readonly unknown[]
  readonly topicId?: { readonly mostSignificantBits: bigint; readonly leastSignificantBits: bigint }
  readonly error?: LibraryError
}

export interface LibraryGroups {
  /** Of brokers that did not answer, whose groups are missing. */
  readonly errors?: readonly LibraryError[]
  readonly groups: readonly { readonly groupId: string; readonly state: number }[]
}

export interface LibraryDescriptions {
  readonly groups: readonly {
    readonly error?: LibraryError
    readonly members: readonly {
      readonly clientId: string
      readonly assignment?: { readonly topicPartitions?: readonly LibraryPlace[] }
    }[]
  }[]
}

/** A group, and what was asked or wanted of it. */
export interface LibraryGroup {
  readonly groupId: string
  readonly error?: LibraryError
}

export interface LibraryGroupOffsets extends LibraryGroup {
  readonly partitions: readonly LibraryPlace[]
}

/** A point in a partition: -2 its beginning, -1 its end, else the time in ms since 1970. */
export interface LibraryOffsetSpec {
  readonly timestamp: number
}

export interface LibraryAdmin {
  createTopic(
    topic: {
      topic: string
      num_partitions: number
      replication_factor: number
      config: Readonly<Record<string, string>>
    },
    timeout: number,
    done: Done,
  ): void
  deleteTopic(name: string, timeout: number, done: Done): void
  describeTopics(names: readonly string[], options: { timeout: number }, done: Done<readonly LibraryTopic[]>): void
  listOffsets(
    places: readonly { topic: string; partition: number; offset: LibraryOffsetSpec }[],
    options: { timeout: number; isolationLevel: 0 | 1 },
    done: Done<readonly (LibraryPlace & { readonly offset: number })[]>,
  ): void
  deleteRecords(
    places: readonly LibraryPlace[],
    options: { timeout: number; operationTimeout: number },
    done: Done<readonly LibraryPlace[]>,
  ): void
  listGroups(options: { timeout: number }, done: Done<LibraryGroups>): void
  describeGroups(groups: readonly string[], options: { timeout: number }, done: Done<LibraryDescriptions>): void
  deleteGroups(groups: readonly string[], options: { timeout: number }, done: Done<readonly LibraryGroup[]>): void
  listConsumerGroupOffsets(
    groups: readonly { groupId: string }[],
    options: { timeout: number; requireStableOffsets: boolean },
    done: Done<readonly LibraryGroupOffsets[]>,
  ): void
}

export type LibrarySettings = Readonly<Record<string, unknown>>

export interface Library {
  readonly KafkaConsumer: new (settings: LibrarySettings, topicSettings: LibrarySettings) => LibraryConsumer
  readonly Producer: new (settings: LibrarySettings, topicSettings: LibrarySettings) => LibraryProducer
  readonly AdminClient: { createFrom(handle: LibraryHandle): LibraryAdmin }
}

/** A value, not a literal in the import: compilers would look for what may not be installed. */
const packageName = '@confluentinc/kafka-javascript' as string

/** Loads the package; its addon takes some 30 ms. Rejects as `missing client` where it is not installed. */
export async function importLibrary(): Promise<Library> {
  try {
    const module = (await import(packageName)) as { default: Library }
    return module.default
  } catch (error) {
    const notThere = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND'
    const why = notThere ? 'is not installed' : `cannot be loaded: ${(error as Error).message}`
    throw new KafkaError(
      'missing client',
      `${packageName} ${why}. Install it beside wallarx: npm install ${packageName}. Where no prebuilt binary can ` +
        'be fetched: apt-get install libssl-dev zlib1g-dev libzstd-dev libcurl4-openssl-dev liblz4-dev libsasl2-dev, ' +
        `then CKJS_LINKING=dynamic npm install ${packageName}`,
      undefined,
      error,
    )
  }
}
