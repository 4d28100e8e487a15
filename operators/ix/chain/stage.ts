import { createQueue } from '../../../src/base/queue.ts'
import type { Context } from '../../../src/context/context.ts'
import type { StepMeter } from '../../../src/context/meter.ts'
import { acceptsText, receiveFrame, type ClosableOutput } from '../../../src/step/output.ts'
import { countedFramesOut, countedOut, startStep } from '../../../src/step/start.ts'
import { isAsynchronous, type Operation, type Step } from '../../../src/step/step.ts'
import { Turns } from './turns.ts'

/** Where the last step of a chain sends what it emits, and what it is told of the chain's end. */
export interface ChainEnd<Out> {
  readonly next: (message: Out) => void
  readonly error: (error: unknown) => void
  readonly complete: () => void
  /** Whether nobody asks for an output now. */
  readonly full: () => boolean
  /** Calls `work` when nothing passes through the chain. */
  readonly inTurn: (work: () => void) => void
}

/** How far a stage has come. */
const open = 0
const stopped = 1 // its source has ended; it may have something to emit
const ended = 2 // it has sent its end

/** One step of a chain at work: its operation, and the output by which it reaches the next one. */
export class Stage<In, Out> {
  readonly operation: Operation<In>
  /** One message for the operation, from whoever never sends one while it is in the middle of another. */
  readonly next: (message: In) => void
  readonly meter: StepMeter | undefined
  /** What is upstream of this stage, once there is something. */
  previous: { close(): void } | undefined
  readonly #output: ClosableOutput<Out>
  #phase: typeof open | typeof stopped | typeof ended = open
  /** For messages that arrive through `receive`. */
  readonly #turns = new Turns(() => this.#output.closed)
  /** The stage that calls this one directly, or `undefined` where an asynchronous one does; `null`: the chain. */
  #above: Stage<never, In> | undefined | null = null
  readonly #chainEnd: ChainEnd<unknown>
  /** What a lazy step gave for `#message` and was not asked for yet. */
  #outputs: Iterator<Out | undefined> | undefined
  #message: In | undefined
  /** Messages behind that one, in order. */
  readonly #deferred = createQueue<In>()
  /** The end behind all of them. */
  #deferredEnd: (() => void) | undefined

  /**
   * `destination` is the next stage, or what stands at the end of the chain. Throws what the step throws as it begins.
   */
  constructor(step: Step<In, Out>, context: Context, destination: Stage<Out, unknown> | ChainEnd<Out>) {
    const following = destination instanceof Stage ? destination : undefined
    this.#chainEnd = following === undefined ? (destination as ChainEnd<unknown>) : following.#chainEnd
    const { lazy = false } = step
    const asynchronous = isAsynchronous(step, context)
    this.meter = context.meter?.begin({
      step,
      name: step.name,
      operator: step.operator ?? step.name,
      partition: step.partition,
      sinks: step.sinks,
      below: following?.meter,
      direct: following !== undefined && !asynchronous,
      flow: lazy ? undefined : step.flow,
      upstream: undefined,
    })
    const counting = this.meter?.flow === undefined ? this.meter : undefined
    this.#output = {
      next: countedOut(this.#nextTo(destination, asynchronous), counting),
      error: (error) => {
        this.#end(() => {
          destination.error(error)
        })
      },
      complete: () => {
        this.#end(() => {
          destination.complete()
        })
      },
      ...(lazy && {
        emitLazily: (outputs: Iterable<Out | undefined>) => {
          this.#outputs = outputs[Symbol.iterator]()
          this.#emitWanted()
        },
      }),
      closed: false, // a field, because loops over outputs read it for each
      [acceptsText]: following?.operation.acceptsText ?? false,
      [receiveFrame]: asynchronous ? undefined : countedFramesOut(following?.operation.frame, counting),
    }
    this.operation = startStep(step, this.#output, context, this.meter, (work) => {
      this.#takeTurn(work)
    })
    this.next = lazy
      ? (message) => {
          if (this.suspended) this.#deferred.push(message)
          else this.#nextLazily(message)
        }
      : this.operation.next
    if (following === undefined) return
    following.previous = this
    following.#above = asynchronous ? undefined : (this as unknown as Stage<never, Out>)
  }

  get closed(): boolean {
    return this.#output.closed
  }

  /** Something that it was given waits until outputs are asked for. */
  get suspended(): boolean {
    return this.#outputs !== undefined || this.#deferred.size > 0 || this.#deferredEnd !== undefined
  }

  /** Goes on with what is suspended, until an output has come of it or nothing is left. */
  resume(): void {
    try {
      this.#emitWanted()
    } catch (thrown) {
      this.#outputs = undefined
      this.operation.fail!(thrown, this.#message!)
    }
    while (this.#outputs === undefined && this.#deferred.size > 0 && !this.#chainEnd.full()) {
      this.#nextLazily(this.#deferred.shift()!)
    }
    if (this.#outputs !== undefined || this.#deferred.size > 0) return
    const end = this.#deferredEnd
    this.#deferredEnd = undefined
    end?.()
  }

  #nextLazily(message: In): void {
    this.#message = message
    this.operation.next(message)
  }

  /** As many outputs as are asked for. Throws what their iterator throws. */
  #emitWanted(): void {
    while (this.#outputs !== undefined && !this.#chainEnd.full()) {
      const result = this.#outputs.next()
      if (result.done === true) this.#outputs = undefined
      else if (result.value !== undefined) this.#output.next(result.value)
      if (this.#output.closed) this.#dropSuspended()
    }
  }

  #dropSuspended(): void {
    const outputs = this.#outputs
    this.#outputs = undefined
    this.#deferred.clear()
    this.#deferredEnd = undefined
    try {
      outputs?.return?.()
    } catch {
      // Nobody is there any more to be told.
    }
  }

  /** Its operation has thrown, which it must not do. */
  fail(thrown: unknown): void {
    this.#output.error(thrown)
  }

  /** The source has failed. */
  error(error: unknown): void {
    this.#stop(() => {
      if (this.operation.error) this.operation.error(error)
      else this.#output.error(error)
    })
  }

  /** The source has completed. */
  complete(): void {
    this.#stop(() => {
      if (this.operation.complete) this.operation.complete()
      else this.#output.complete()
    })
  }

  /** Lets go of this stage and of all upstream of it. */
  close(): void {
    if (this.#output.closed) return
    this.#output.closed = true
    this.#phase = ended
    this.#turns.clear()
    this.#dropSuspended()
    this.operation.finalize?.()
    this.previous?.close()
  }

  /**
   * An asynchronous step may emit in the middle of a message that it emitted before; messages still pass one at a time.
   */
  #nextTo(destination: Stage<Out, unknown> | ChainEnd<Out>, asynchronous: boolean): (message: Out) => void {
    if (!(destination instanceof Stage)) return destination.next
    return asynchronous
      ? (message) => {
          destination.#receive(message)
        }
      : destination.next
  }

  #receive(message: In): void {
    if (this.#phase !== open) return
    if (!this.#turns.idle) {
      this.#turns.wait(() => {
        this.next(message)
      })
      return
    }
    this.#turns.begin()
    try {
      this.next(message)
    } catch (thrown) {
      this.#output.error(thrown)
    }
    this.#turns.end()
  }

  /** Calls `work` when no message is in the middle of this step. */
  #takeTurn(work: () => void): void {
    if (this.#above === null) this.#chainEnd.inTurn(work)
    else if (this.#above === undefined) this.#turns.take(work)
    else this.#above.#takeTurn(work)
  }

  /** Nothing is taken from now on; `end` follows all that waits. */
  #stop(end: () => void): void {
    if (this.#phase !== open) return
    this.#phase = stopped
    if (!this.#turns.idle) this.#turns.wait(end)
    else if (this.suspended) this.#deferredEnd = end
    else end()
  }

  #end(tell: () => void): void {
    if (this.#phase === ended) return
    this.#phase = ended
    tell()
    this.close()
  }
}
