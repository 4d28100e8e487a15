import { invalidOption } from '../base/option.ts'
import type { TimerName, Timers } from '../time/timers.ts'

/** What a stateless step does with one message; `undefined` filters the message. */
export interface Computation<In, Out> {
  /** Stands in errors, status and metrics. Default: the function's own name. */
  readonly name?: string
  /** The output of one message. */
  compute(message: In): Out | undefined
}

/** What a stateless step with many outputs does; each item goes on as a message, `undefined` filters. */
export interface MultiComputation<In, Out> {
  readonly name?: string
  /** The outputs of one message. */
  compute(message: In): Iterable<Out | undefined> | undefined
}

/**
 * What a state computation gives back: the output, `undefined` for none, and whether the state has changed and so must
 * be kept.
 */
export type StateResult<Out> = readonly [output: Out | undefined, stateChanged: boolean]

/** What a step does with one message and the state of the message's entity, which it may change in place. */
export interface StateComputation<In, State, Out> {
  readonly name?: string
  /** The output of one message, and whether it has changed the state. */
  compute(message: In, state: State, timers: Timers): StateResult<Out>
  /**
   * Called once for each timer of the entity when its time is there, before the next message. Gives what `compute`
   * gives. Absent: there are no timers
   */
  onTimer?(name: TimerName, at: number, state: State, timers: Timers): StateResult<Out>
  /** Called when an entity of a state partition with `expireAfter` is about to go; gives an output, or `undefined`. */
  onExpire?(state: State, key: bigint): Out | undefined
}

/** The same with many outputs. */
export interface MultiStateComputation<In, State, Out> {
  readonly name?: string
  /** The outputs of one message, and whether it has changed the state. */
  compute(message: In, state: State, timers: Timers): StateResult<Iterable<Out | undefined>>
  /**
   * Called once for each timer of the entity when its time is there, before the next message. Gives what `compute`
   * gives. Absent: there are no timers
   */
  onTimer?(name: TimerName, at: number, state: State, timers: Timers): StateResult<Iterable<Out | undefined>>
  /** As that of a {@link StateComputation}. */
  onExpire?(state: State, key: bigint): Iterable<Out | undefined> | undefined
}

/** {@link Computation}, asynchronous: for operators that are given a `concurrency`, as are the three below. */
export interface AsyncComputation<In, Out> {
  readonly name?: string
  /** The output of one message, or a promise of it. */
  compute(message: In): PromiseLike<Out | undefined> | Out | undefined
}

/** {@link MultiComputation}, asynchronous. */
export interface AsyncMultiComputation<In, Out> {
  readonly name?: string
  /** The outputs of one message, or a promise of them. */
  compute(message: In): PromiseLike<Iterable<Out | undefined> | undefined> | Iterable<Out | undefined> | undefined
}

/** {@link StateComputation}, asynchronous: its entity takes no other message meanwhile. */
export interface AsyncStateComputation<In, State, Out> {
  readonly name?: string
  /** The output of one message and whether it has changed the state, or a promise of both. */
  compute(message: In, state: State, timers: Timers): PromiseLike<StateResult<Out>> | StateResult<Out>
  /** As that of a {@link StateComputation}; a timer waits for the messages of its entity as messages do. */
  onTimer?(name: TimerName, at: number, state: State, timers: Timers): PromiseLike<StateResult<Out>> | StateResult<Out>
  /** As that of a {@link StateComputation}. */
  onExpire?(state: State, key: bigint): PromiseLike<Out | undefined> | Out | undefined
}

/** {@link MultiStateComputation}, asynchronous: its entity takes no other message meanwhile. */
export interface AsyncMultiStateComputation<In, State, Out> {
  readonly name?: string
  /** The outputs of one message and whether it has changed the state, or a promise of both. */
  compute(
    message: In,
    state: State,
    timers: Timers,
  ): PromiseLike<StateResult<Iterable<Out | undefined>>> | StateResult<Iterable<Out | undefined>>
  /** As that of a {@link MultiStateComputation}; a timer waits for the messages of its entity as messages do. */
  onTimer?(
    name: TimerName,
    at: number,
    state: State,
    timers: Timers,
  ): PromiseLike<StateResult<Iterable<Out | undefined>>> | StateResult<Iterable<Out | undefined>>
  /** As that of a {@link StateComputation}. */
  onExpire?(
    state: State,
    key: bigint,
  ): PromiseLike<Iterable<Out | undefined> | undefined> | Iterable<Out | undefined> | undefined
}

/** Lets a step be asynchronous. */
export interface Concurrency {
  /** How many computations may be under way at once; at that number the sources are held. */
  readonly concurrency: number
}

/** A plain function in place of the object form. */
export type OrFunction<Form extends { compute: unknown }> = Form | Form['compute']

/** A step's function and the name it is known by; `role` names a function without a name. */
export function named<Args extends unknown[], Result>(
  form: ((...args: Args) => Result) | { readonly name?: string; compute(...args: Args): Result },
  role: string,
): { readonly name: string; readonly compute: (...args: Args) => Result } {
  if (typeof form === 'function') return { name: form.name === '' ? role : form.name, compute: form }
  if (typeof (form as Partial<typeof form> | undefined)?.compute !== 'function') {
    throw invalidOption('a computation', 'a function or an object with the method compute', form)
  }
  return { name: form.name ?? role, compute: (...args) => form.compute(...args) }
}
