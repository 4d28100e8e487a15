/** What can happen to the workers of a cluster, and to the Kafka that they meet on. */
export type Disturbance =
  /** Another worker joins. */
  | { readonly disturbance: 'join' }
  /** A worker stops in order, as at SIGTERM. */
  | { readonly disturbance: 'leave'; readonly worker: number }
  /** Its process ends, as at SIGKILL, and is not started again; or at once, with the same name. */
  | ({ readonly disturbance: 'kill' | 'restart' } & AtCall)
  /** Its process stands still for a while, as at SIGSTOP and SIGCONT. */
  | ({ readonly disturbance: 'freeze'; readonly milliseconds: number } & AtCall)
  /** The answers to its next calls come late. */
  | {
      readonly disturbance: 'slow replies'
      readonly worker: number
      readonly calls: number
      readonly milliseconds: number
    }
  /** A call takes effect, and its answer does not arrive. */
  | { readonly disturbance: 'lost reply'; readonly worker: number; readonly call: number }
  /** The groups do not take it for a member any more, and do not tell it. */
  | { readonly disturbance: 'eviction'; readonly worker: number }
  /** Its transaction is aborted, as if it had been open for too long. */
  | { readonly disturbance: 'expiry'; readonly worker: number }
  /** Kafka is away for a while. */
  | { readonly disturbance: 'broker restart'; readonly milliseconds: number }
  /** Nothing happens for a while. */
  | { readonly disturbance: 'pause'; readonly milliseconds: number }

/**
 * Which worker it happens to, and when: a number stands for one of those that are there, counted in the order in which
 * they have joined, and round again.
 */
export interface AtCall {
  readonly worker: number
  /** At so many calls to Kafka from now; 0 for now. */
  readonly call: number
  /** Whether that call takes effect. Default: `false` */
  readonly done?: boolean
}

/** One thing that happens to a pipeline on a cluster. */
export type ClusterEvent<In> = { readonly message: In } | Disturbance
