import { Observable, Subscriber, Subscription, type OperatorFunction, type TeardownLogic } from 'rxjs'
import { currentContext, within, type Context } from '../context/context.ts'
import { acceptsText, type ClosableOutput, type OnFrame, receiveFrame } from './output.ts'
import { standaloneContext } from '../context/standalone.ts'
import { countedFramesIn, countedFramesOut, countedIn, countedOut, startStep } from './start.ts'
import { isAsynchronous, type Operation, type Step } from './step.ts'
import { contextAbove, contextBelow, madeOf, meterBelow, meteredBy, stepAbove } from './upstream.ts'
import type { StepMeter } from '../context/meter.ts'

/**
 * Every Rx operator of this package is made here, from what it does in one subscription. It looks after what each would
 * get wrong alone: what is upstream is subscribed to inside the context; a source that emits synchronously is stopped;
 * messages pass one at a time, in order of arrival, also when an output leads to new input.
 *
 * Neighbours among our operators call each other directly: the first one of such a chain keeps the order for all, and
 * V8 can inline the chain (a word of word count costs 20 ns less than through `Subscriber.next` at each step).
 */
export function operate<In, Out>(step: Step<In, Out>): OperatorFunction<In, Out> {
  return (source) => {
    const outputs = new Observable<Out>((destination) => {
      const current = currentContext()
      const context = current ?? contextBelow(destination) ?? standaloneContext()
      const subscriber = new OperateSubscriber<In, Out>(destination, context, step, source)
      const { [contextAbove]: upstream } = subscriber
      if (upstream === current) source.subscribe(subscriber)
      else within(upstream, () => source.subscribe(subscriber))
    })
    return Object.assign(outputs, { [madeOf]: step })
  }
}

/** What an operator is at in its subscription. */
const idle = 0
const busy = 1 // with a message: what arrives meanwhile waits its turn
const overCapacity = 2 // as busy, and something waits
const over = 3 // nothing is taken any more

class OperateSubscriber<In, Out> extends Subscriber<In> {
  readonly #output: ClosableOutput<Out>
  readonly #operation: Operation<In>
  readonly #onNext: (message: In) => void
  #turn: typeof idle | typeof busy | typeof overCapacity | typeof over = idle
  /** What arrived while a message was processed, in order. */
  #waiting: (() => void)[] = []
  /** The neighbour that calls this one directly, and keeps the order for it. */
  #above: OperateSubscriber<never, In> | undefined
  /** What is upstream, where that is let go of before this ends: `take` lets its source go on until then. */
  #upstream: Subscription | undefined
  readonly [acceptsText]: boolean
  readonly [receiveFrame]: OnFrame | undefined
  readonly [meteredBy]: StepMeter | undefined
  readonly [contextAbove]: Context

  constructor(destination: Subscriber<Out>, context: Context, step: Step<In, Out>, source: Observable<In>) {
    super(destination)
    const asynchronous = isAsynchronous(step, context)
    const meter = context.meter?.begin({
      step,
      name: step.name,
      operator: step.operator ?? step.name,
      partition: step.partition,
      sinks: step.sinks,
      below: meterBelow(destination),
      direct: !asynchronous && destination instanceof OperateSubscriber,
      flow: step.flow,
      upstream: stepAbove(source),
    })
    this[meteredBy] = meter
    this.#output = this.#outputTo(destination, context, asynchronous, meter)
    this.#operation = startStep(step, this.#output, context, meter, (work) => {
      this.#takeTurn(work)
    })
    this[contextAbove] = this.#operation.upstream ?? context
    this.#onNext = countedIn(this.#operation.next, meter)
    this[acceptsText] = this.#operation.acceptsText ?? false
    this[receiveFrame] = this.#operation.frame && this.#guarded(countedFramesIn(this.#operation.frame, meter))
    const withdraw = asynchronous ? context.shutdown.onForceComplete(() => this.#forceComplete()) : undefined
    this.add(() => {
      this.#turn = over
      this.#output.closed = true
      this.#operation.finalize?.()
      withdraw?.()
    })
    if (this.#operation.outlivesSource === true) super.add((this.#upstream = new Subscription()))
  }

  override add(teardown: TeardownLogic): void {
    if (this.#upstream === undefined) super.add(teardown)
    else this.#upstream.add(teardown)
  }

  #forceComplete(): boolean {
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
      this.#upstream?.unsubscribe()
    })
  }

  /**
   * What the operation emits to. An end that it sends also ends what is upstream, even if the end is acted on later.
   */
  #outputTo(
    destination: Subscriber<Out>,
    context: Context,
    asynchronous: boolean,
    meter: StepMeter | undefined,
  ): ClosableOutput<Out> {
    const next = (message: Out): void => {
      destination.next(message)
    }
    const neighbour =
      destination instanceof OperateSubscriber ? (destination as OperateSubscriber<Out, unknown>) : undefined
    const direct = asynchronous || neighbour === undefined ? undefined : neighbour.#operation
    if (direct !== undefined) neighbour!.#above = this
    // One whose flow is known tells what it emits in fewer words.
    const counting = meter?.flow === undefined ? meter : undefined
    return {
      next: countedOut(direct?.next ?? next, counting),
      // Inside the context: who subscribes again because of an end (`retry`, `repeat`) must find it, wherever the end
      // came from.
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
      [receiveFrame]: countedFramesOut(direct?.frame ?? neighbour?.[receiveFrame], counting),
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

  /** Calls `work` when no message is in the middle of this step. */
  #takeTurn(work: () => void): void {
    if (this.#above !== undefined) this.#above.#takeTurn(work)
    else if (this.#turn === busy || this.#turn === overCapacity) this.#wait(work)
    else if (this.#turn === idle) {
      this.#turn = overCapacity
      this.#waiting.push(work)
      this.#drain()
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
    if (this.#turn === busy || this.#turn === overCapacity) {
      this.#wait(end)
    } else {
      this.#turn = over
      end()
    }
  }

  #wait(work: () => void): void {
    this.#turn = overCapacity
    this.#waiting.push(work)
  }

  #drain(): void {
    while (this.#turn === overCapacity) {
      const batch = this.#waiting
      this.#waiting = []
      this.#turn = busy
      for (const work of batch) if (!this.closed) work()
    }
    if (this.#turn === busy) this.#turn = this.isStopped ? over : idle
  }
}
