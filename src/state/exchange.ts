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
   * Processes messages that workers have handed over, because their entities are here. Gives how many: all, or those
   * until the step has left.
   */
  readonly receive: (messages: readonly In[]) => number
  /** What has arrived for the step, and waits for one that takes its place, is counted here. */
  readonly inFlight: { readonly enter: () => void; readonly leave: () => void }
  /** A message that was taken cannot go to another worker. */
  readonly refuse: (error: unknown, message: In) => void
}

export interface ExchangeLink<In> {
  /**
   * Is the entity with the key of these signed halves here? Otherwise the message has been taken, and the worker that
   * owns the entity will receive it.
   */
  readonly isHere: (low: number, high: number, message: In) => boolean
  /** The step has ended: it receives nothing any more. */
  readonly leave: () => void
}
