import { Observable, Subscriber, type OperatorFunction } from 'rxjs'
import { currentContext, within, type Context } from '../src/context.ts'
import type { OnFrame } from '../src/framing.ts'
import { acceptsText, receiveFrame } from '../src/inPlace.ts'
import type { Output } from '../src/output.ts'
import { standaloneContext } from '../src/standaloneContext.ts'
import type { Operation, Step } from './step.ts'

/**
 * Every Rx operator of this package is made here, from what it does in one subscription. It looks after what each would get wrong
 * alone: what is upstream is subscribed to inside the context; a source that emits synchronously is stopped; messages pass
 * one at a time, in order of arrival, also when an output leads to new input.
 *
 * Neighbours among our operators call each other directly: the first one of such a row keeps the order for all, and V8 can
 * inline the row (a word of word count costs 20 ns less than through `Subscriber.next` at each step).
 */
export function operate<In, Out>({ start, asynchronous = false }: Step<In, Out>): OperatorFunction<In, Out> {
  return (source) =>
    new Observable<Out>((destination) => {
      const current = currentContext()
      const context = current ?? standaloneContext()
      const subscriber = new OperateSubscriber<In, Out>(destination, context, start, asynchronous)
      if (current !== undefined) source.subscribe(subscriber)
      else within(context, () => source.subscribe(subscriber))
    })
}

/** What an operator is at in its subscription. */
const idle = 0
const busy = 1 // with a message: what arrives meanwhile waits its turn
const crowded = 2 // as busy, and something waits
const over = 3 // nothing is taken any more

type Closable<Target> = Omit<Target, 'closed'> & { closed: boolean }

class OperateSubscriber<In, Out> extends Subscriber<In> {
  readonly #output: Closable<Output<Out>>
  readonly #operation: Operation<In>
  readonly #onNext: (message: In) => void
  #turn: typeof idle | typeof busy | typeof crowded | typeof over = idle
  /** What arrived while a message was processed, in order. */
  #waiting: (() => void)[] = []
  readonly [acceptsText]: boolean
  readonly [receiveFrame]: OnFrame | undefined

  constructor(destination: Subscriber<Out>, context: Context, start: Step<In, Out>['start'], asynchronous: boolean) {
    super(destination)
    this.#output = this.#outputTo(destination, context, asynchronous)
    this.#operation = start(this.#output, context)
    this.#onNext = this.#operation.next
    this[acceptsText] = this.#operation.acceptsText ?? false
    this[receiveFrame] = this.#operation.frame && this.#guarded(this.#operation.frame)
    const keepUncut = asynchronous ? context.onCut(() => this.#cut()) : undefined
    this.add(() => {
      this.#turn = over
      this.#output.closed = true
      this.#operation.finalize?.()
      keepUncut?.()
    })
  }

  #cut(): boolean {
    if (this.isStopped) return false
    this.complete()
    return true
  }

  override next(message: In): void {
    if (this.#turn !== idle) {
      this.#defer(message)
      return
    }
    this.#turn = busy
    try {
      this.#onNext(message)
    } catch (thrown) {
      this.#output.error(thrown)
    }
    if (this.#turn === busy) this.#turn = idle
    else this.#drain()
  }

  protected override _error(error: unknown): void {
    this.#last(() => {
      if (this.#operation.error) this.#operation.error(error)
      else this.#output.error(error)
    })
  }

  protected override _complete(): void {
    this.#last(() => {
      if (this.#operation.complete) this.#operation.complete()
      else this.#output.complete()
    })
  }

  /** What the operation emits to. An end that it sends also ends what is upstream, even if the end is acted on later. */
  #outputTo(destination: Subscriber<Out>, context: Context, asynchronous: boolean): Closable<Output<Out>> {
    const next = (message: Out): void => {
      destination.next(message)
    }
    const neighbour =
      destination instanceof OperateSubscriber ? (destination as OperateSubscriber<Out, unknown>) : undefined
    const direct = asynchronous || neighbour === undefined ? undefined : neighbour.#operation
    return {
      next: direct?.next ?? next,
      // Inside the context: who subscribes again because of an end (`retry`, `repeat`) must find it, wherever the end came from.
      error: (error) => {
        within(context, () => {
          destination.error(error)
        })
        this.unsubscribe()
      },
      complete: () => {
        within(context, () => {
          destination.complete()
        })
        this.unsubscribe()
      },
      closed: false, // a field, because loops over outputs read it for each
      [acceptsText]: neighbour?.[acceptsText] ?? false,
      [receiveFrame]: direct?.frame ?? neighbour?.[receiveFrame],
    }
  }

  #guarded(onFrame: OnFrame): OnFrame {
    return (bytes, start, end) => {
      if (this.#turn !== idle) {
        this.#defer(bytes.subarray(start, end) as unknown as In)
        return
      }
      this.#turn = busy
      try {
        onFrame(bytes, start, end)
      } catch (thrown) {
        this.#output.error(thrown)
      }
      if (this.#turn === busy) this.#turn = idle
      else this.#drain()
    }
  }

  // A method of its own: a closure in `next` would cost every message an allocation for what it captures.
  #defer(message: In): void {
    if (this.isStopped) return
    this.#wait(() => {
      this.#onNext(message)
    })
  }

  /** Ends after all that waits. Nothing is taken from now on: the subscriber is stopped. */
  #last(end: () => void): void {
    if (this.#turn === busy || this.#turn === crowded) {
      this.#wait(end)
    } else {
      this.#turn = over
      end()
    }
  }

  #wait(work: () => void): void {
    this.#turn = crowded
    this.#waiting.push(work)
  }

  #drain(): void {
    while (this.#turn === crowded) {
      const batch = this.#waiting
      this.#waiting = []
      this.#turn = busy
      for (const work of batch) if (!this.closed) work()
    }
    if (this.#turn === busy) this.#turn = this.isStopped ? over : idle
  }
}
