import type { SessionWindow, WindowDefinition } from './window.ts'

/** Which window it is that gives an output, and why now. */
export interface ClosingWindow {
  readonly key: bigint
  /** In ms since 1970; with `counted`, the number of the first message of it among those of the key, from 0. */
  readonly start: number
  /** The first time, or number, that does not belong to it. */
  readonly end: number
  /** It was closed before, and a late message that it still took has changed it. */
  readonly correction: boolean
  /** It is not closed yet: of `emit: 'change'`. */
  readonly early: boolean
}

/** What becomes of the messages of a window. */
export interface Aggregate<In, State, Out> {
  /** Stands in errors, status and metrics. Default: the name of the operator */
  readonly name?: string
  /** Adds a message: changes the state in place, or returns another one. */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- who changes it in place returns nothing
  add(message: In, state: State): State | undefined | void
  /** The output of a window; `undefined` for none. It leaves the state as it is. */
  close(state: State, window: ClosingWindow): Out | undefined
  /**
   * Puts the messages of `from`, which are the later ones, into `into`: changes that in place or returns another state,
   * which shares nothing with `from` that may change. `from` stays as it is.
   */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- as above
  merge?(into: State, from: State): State | undefined | void
}

/** An {@link Aggregate} for windows of this kind: for sessions it can merge. */
export type AggregateOf<Window extends WindowDefinition, In, State, Out> = Window extends SessionWindow
  ? Aggregate<In, State, Out> & Required<Pick<Aggregate<In, State, Out>, 'merge'>>
  : Aggregate<In, State, Out>
