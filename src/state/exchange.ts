/**
 * The door for who spreads the entities of a state partition over several workers: it stands between the key of a
 * message and its slot. Without an exchange every entity is here, and nobody asks.
 */
export interface Exchange {
  /**
   * A step that uses the state partition begins. Throws `CLUSTER_PROGRAMS_DIFFER` where the program has begun without
   * it.
   */
  join<In>(step: ExchangeStep<In>): ExchangeLink<In>
  /** How many shards there are. Absent: one */
  readonly shards?: number
}

export interface ExchangeStep<In> {
  readonly pipeline: string | undefined
  readonly step: string
  readonly partition: string
  /** Whether the step can take messages now. */
  readonly held: () => boolean
  /** Calls `resume` once, when it can again. */
  readonly onFree: (resume: () => void) => void
  /** Keeps the sources of the step from reading on, while it is closed. */
  readonly gate: { readonly close: () => void; readonly open: () => void }
  /**
   * Processes messages that workers have handed over, because their entities are in this shard, which is here. Gives
   * how many: all, or those until the step has left. `time`: where somebody upstream reads it.
   */
  readonly receive: (messages: readonly In[], shard: number, time: MessagesTime | undefined) => number
  /** What has arrived for the step, and waits for one that takes its place, is counted here. */
  readonly inFlight: { readonly enter: () => void; readonly leave: () => void }
  /** A message that was taken cannot go to another worker. */
  readonly refuse: (error: unknown, message: In) => void
  /** Absent: nothing is known of time. */
  readonly sent?: SentTime
  /** Absent: it need not know which shards are here. */
  readonly shards?: StepShards
}

export interface ExchangeLink<In> {
  /**
   * Is the entity with the key of these signed halves here? Otherwise the message has been taken, and the worker that
   * owns the entity will receive it.
   */
  readonly isHere: (low: number, high: number, message: In) => boolean
  /** The step has ended: it receives nothing any more. */
  readonly leave: () => void
  /** What the step is called on all workers. Absent: nobody else knows it. */
  readonly id?: string
}

/**
 * What is said of an origin of messages: that nothing more is awaited of it up to a time (`live`), or none of it at
 * present (`idle`), or ever (`over`: also of those whose names begin with it and a slash); or that it will be there and
 * is waited for (`awaited`: nothing new where it is known).
 */
export type OriginState = 'live' | 'idle' | 'over' | 'awaited'

/**
 * `watermark`: up to when nothing more is awaited of it, in ms since 1970. `by`: who knows it; another one where it was
 * let go of in between, and others may have told of it.
 */
export type TellOrigin = (origin: string, watermark: number, state: OriginState, by?: Teller) => void

/** Who knows an origin. */
export interface Teller {
  /** The shard that is the origin. Absent: it is one of a source */
  readonly place?: ShardOfPartition
}

export interface ShardOfPartition {
  readonly partition: string
  readonly shard: number
}

/** The time of messages on their way to a shard. */
export interface MessagesTime {
  /** Of each, in ms since 1970; NaN where one has none. */
  readonly times: readonly number[]
  /** What is said of origins between them, in order. */
  readonly said: readonly Said[]
}

export interface Said {
  /** It holds before the message of this number. */
  readonly before: number
  readonly origin: string
  readonly watermark: number
  readonly state: OriginState
}

/** What a step knows of the time of what it hands over. */
export interface SentTime {
  /** Somebody upstream reads the time of messages. Never `false` again. */
  readonly isRead: boolean
  /** Of the message that is being handed over. */
  readonly register: { readonly time: number; readonly heard: string | undefined; readonly upTo: number }
  /** Tells of all origins upstream; to be called while nothing is on its way. */
  readonly tell: (visit: TellOrigin) => void
}

/** The shards of a step that are here. */
export interface StepShards {
  /** All of a shard's state is here. `clock`: as `clocks` gave it. */
  readonly open: (shard: number, clock: Uint8Array | undefined) => void
  /** A shard is about to go: nothing happens in it any more by itself. */
  readonly rest: (shard: number) => void
  /** It is gone. */
  readonly close: (shard: number) => void
  /** Gives what is known of time in each shard, where that is more than at the last call; in all with `all`. */
  readonly clocks: (visit: (shard: number, clock: Uint8Array) => void, all?: boolean) => void
}
