/* What one step of a pipeline does in one subscription, and how Rx runs it. */

import type { Context } from '../context/context.ts'
import type { StepMeter } from '../context/meter.ts'
import type { OnFrame, Output } from './output.ts'

/** What an operator does in one subscription or iteration. Its state lives in the closure that makes it. */
export interface Operation<In> {
  /** One message. May emit any number of outputs. Must not throw: user code is called in a `try` (see `failWith`). */
  readonly next: (message: In) => void
  /** One frame in place of `next`, read from `bytes[start, end)` by an operation that needs no view of it. */
  readonly frame?: OnFrame
  /** Iterating outputs that a `lazy` step gave for this message has thrown. */
  readonly fail?: (thrown: unknown, message: In) => void
  /** The source has completed. Default: completes the output. */
  readonly complete?: () => void
  /** It goes on when its source has completed, until the run stops: the source is let go of at once. */
  readonly outlivesSource?: boolean
  /** The source has failed. Default: fails the output. */
  readonly error?: (error: unknown) => void
  /** The subscription or iteration has ended, in whatever way. Called once. */
  readonly finalize?: () => void
  /** The context for what is upstream. Default: its own */
  readonly upstream?: Context
  /** Takes strings where its type says bytes, from `encode`. */
  readonly acceptsText?: boolean
}

/** An operator without a kind of stream around it: its Rx and its Ix twin are both made from this. */
export interface Step<In, Out> {
  /** Stands in errors and measurements. */
  readonly name: string
  /** Called once for each subscription or iteration. */
  readonly start: (output: Output<Out>, context: Context, meter?: StepMeter) => Operation<In>
  /** Default: its name */
  readonly operator?: string
  /** The name of the state partition that it uses. */
  readonly partition?: string
  /** The sinks that it writes to. */
  readonly sinks?: readonly { readonly name: string; readonly kind?: string | undefined }[]
  /**
   * How many outputs a message has, where the operation gives them at once: `one` or none, and it counts `dropped` for
   * none; `many`, and it tells how many. So nothing is counted for each message. Default: each output is counted
   */
  readonly flow?: 'one' | 'many'
  /**
   * The operation emits or ends outside its `next` and `complete` as well, from a promise or an event; it is completed
   * when the pipeline is cut. Default: `false`
   */
  readonly asynchronous?: boolean | ((context: Context) => boolean)
  /** Outputs that come from an iterator may be taken from it later, before the next message. Default: `false` */
  readonly lazy?: boolean
}

export function isAsynchronous({ asynchronous = false }: Step<never, unknown>, context: Context): boolean {
  return typeof asynchronous === 'function' ? asynchronous(context) : asynchronous
}
