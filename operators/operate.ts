import { Observable, Subscriber, type OperatorFunction } from 'rxjs'
import { currentContext, within, type Context } from '../src/context.ts'
import { WallarxError } from '../src/errors.ts'
import { acceptsText, receiveFrame } from '../src/inPlace.ts'
import type { Output } from '../src/output.ts'
import { standaloneContext } from '../src/standaloneContext.ts'

/** What an operator does in one subscription. Its state lives in the closure that makes it. */
export interface Operation<In> {
  /** One message. May emit any number of outputs; what it throws goes to `failure`. */
  next(message: In): void
  /** One frame in place of `next`, read from `bytes[start, end)` by an operation that needs no view of it. */
  frame?(bytes: Buffer, start: number, end: number): void
  /** The source has completed. Default: completes the output. */
  complete?(): void
  /** The source has failed. Default: fails the output. */
  error?(error: unknown): void
  /** The subscription has ended, in whatever way. Called once. */
  finalize?(): void
  /** The error with a code that stands for what `next` threw. Default: as thrown. */
  failure?(thrown: unknown, message: In): WallarxError
  /** Takes strings where its type says bytes, from `encode`. */
  readonly acceptsText?: boolean
}

/**
 * Every operator of this package is made here, from what it does in one subscription. It looks after what each would get wrong
 * alone: errors thrown by user functions are reported to the context and go down the error channel once; a source that
 * emits synchronously is stopped; messages pass one at a time in order of arrival, also when an output leads to new input;
 * what is upstream is subscribed to inside the context.
 */
export function operate<In, Out>(
  start: (output: Output<Out>, context: Context) => Operation<In>,
): OperatorFunction<In, Out> {
  return (source) =>
    new Observable<Out>((destination) => {
      const current = currentContext()
      const context = current ?? standaloneContext()
      const subscriber = new OperateSubscriber(destination, start(destination, context), context)
      if (current !== undefined) source.subscribe(subscriber)
      else within(context, () => source.subscribe(subscriber))
    })
}

class OperateSubscriber<In, Out> extends Subscriber<In> {
  readonly #output: Subscriber<Out>
  readonly #operation: Operation<In>
  readonly #context: Context
  readonly #onNext: (message: In) => void
  /** Whether a message is being processed: what arrives meanwhile waits its turn. */
  #busy = false
  /** What arrived meanwhile, in order; absent in the ordinary case. */
  #waiting: (() => void)[] | undefined
  readonly [acceptsText]: boolean
  readonly [receiveFrame]: ((bytes: Buffer, start: number, end: number) => void) | undefined

  constructor(output: Subscriber<Out>, operation: Operation<In>, context: Context) {
    super(output)
    this.#output = output
    this.#operation = operation
    this.#context = context
    this.#onNext = operation.next
    this[acceptsText] = operation.acceptsText ?? false
    this[receiveFrame] = operation.frame && this.#frameReceiver(operation.frame)
    if (operation.finalize) this.add(operation.finalize)
  }

  protected override _next(message: In): void {
    if (this.#busy) {
      this.#wait(() => {
        this.#process(message)
      })
      return
    }
    this.#busy = true
    this.#process(message)
    if (this.#waiting !== undefined) this.#drain()
    this.#busy = false
  }

  protected override _error(error: unknown): void {
    const end = () => {
      if (this.#operation.error) this.#operation.error(error)
      else this.#output.error(error)
    }
    if (this.#busy) this.#wait(end)
    else end()
  }

  protected override _complete(): void {
    const end = () => {
      if (this.#operation.complete) this.#operation.complete()
      else this.#output.complete()
    }
    if (this.#busy) this.#wait(end)
    else end()
  }

  #process(message: In): void {
    try {
      this.#onNext(message)
    } catch (thrown) {
      this.#fail(thrown, message)
    }
  }

  #frameReceiver(onFrame: (bytes: Buffer, start: number, end: number) => void) {
    return (bytes: Buffer, start: number, end: number): void => {
      if (this.closed) return
      if (this.#busy) {
        this._next(bytes.subarray(start, end) as unknown as In)
        return
      }
      this.#busy = true
      try {
        onFrame(bytes, start, end)
      } catch (thrown) {
        this.#fail(thrown, bytes.subarray(start, end) as unknown as In)
      }
      if (this.#waiting !== undefined) this.#drain()
      this.#busy = false
    }
  }

  #fail(thrown: unknown, message: In): void {
    const error = this.#operation.failure?.(thrown, message) ?? thrown
    if (error instanceof WallarxError && this.#context.reject(error, message)) return
    this.#output.error(error)
  }

  #wait(work: () => void): void {
    this.#waiting ??= []
    this.#waiting.push(work)
  }

  #drain(): void {
    while (this.#waiting !== undefined && !this.closed) {
      const batch = this.#waiting
      this.#waiting = undefined
      for (const work of batch) if (!this.closed) work()
    }
  }
}
