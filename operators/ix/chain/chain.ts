/* How Ix runs steps: neighbouring operators as one chain that is pulled as a whole. */

import { AbortError } from 'ix/aborterror'
import { within, type Context } from '../../../src/context/context.ts'
import { DelayClock } from '../../../src/context/time/delayClock.ts'
import { handOverAs } from '../../../src/context/time/handOver.ts'
import { createRegister } from '../../../src/context/time/pipelineTime.ts'
import { presentContext } from '../../../src/context/standalone.ts'
import type { Step } from '../../../src/step/step.ts'
import { countedIn } from '../../../src/step/start.ts'
import { iteratorEnd, ReadQueue } from './readQueue.ts'
import type { Stage } from './stage.ts'
import { startStages } from './stages.ts'
import { UpstreamReader } from './upstreamReader.ts'

/** What a chain is at. */
const unopened = 0
const idle = 1
const busy = 2 // something passes through its stages
const over = 3 // nothing passes any more; outputs may still wait

/**
 * One iteration of a chain of neighbouring operators. An item of the source is asked for when somebody asks for a
 * message and none is there, passes synchronously through all steps, and what comes out of the chain waits to be asked
 * for: no more than the outputs of one item. Begins with the first `next`.
 */
export class Chain<Out> implements AsyncIterableIterator<Out, undefined> {
  readonly #steps: readonly Step<never, unknown>[]
  readonly #signal: AbortSignal | undefined
  readonly #context: Context
  readonly #upstream: UpstreamReader
  readonly #queue: ReadQueue<Out>
  #first: Stage<unknown, unknown> | undefined
  /** One item for the first stage. */
  #onNext!: (message: unknown) => void
  #last: Stage<unknown, Out> | undefined
  /** Those whose outputs are taken one by one, the last one first. */
  #lazy: readonly Stage<unknown, unknown>[] = []
  #turn: typeof unopened | typeof idle | typeof busy | typeof over = unopened
  /** The error at its end, until somebody is told. */
  #failure: { readonly error: unknown } | undefined
  /** The source lets go of what it has open, and the end is told after that. */
  #releasing: Promise<unknown> | undefined
  /** Whether this chain counts as having something in flight. */
  #counted = false
  #forgetForceComplete: (() => void) | undefined

  constructor(source: AsyncIterable<unknown>, steps: readonly Step<never, unknown>[], signal: AbortSignal | undefined) {
    this.#steps = steps
    this.#signal = signal
    const clock = new DelayClock(presentContext(), createRegister())
    this.#queue = new ReadQueue(clock)
    this.#context = clock.context
    this.#upstream = new UpstreamReader(source, this.#context, {
      answer: this.#receive,
      fail: (error) => {
        this.#first!.error(error)
      },
      unblocked: this.#goOn,
    })
    if (signal?.aborted === true) this.#abort()
    else signal?.addEventListener('abort', this.#abort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Out, undefined>> {
    return this.#queue.read(this.#onRequest)
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    const released = this.#drop(undefined)
    this.#tellEnd()
    await this.#releasing
    if (released !== undefined) await released
    return iteratorEnd
  }

  readonly #abort = (): void => {
    this.#drop({ error: new AbortError() })?.catch(() => undefined)
    this.#tellEnd()
  }

  /** Lets go of everything; the result is when the source has. */
  #drop(failure: { readonly error: unknown } | undefined): Promise<unknown> | undefined {
    this.#turn = over
    this.#failure = failure
    this.#queue.clear()
    const released = this.#upstream.letGo()
    this.#last?.close()
    this.#count(false)
    this.#forget()
    return released
  }

  readonly #onRequest = (): void => {
    if (this.#turn === over) this.#tellEnd()
    else if (this.#turn === unopened) this.#open()
    else this.#goOn()
  }

  #open(): void {
    this.#turn = busy
    // The last one first: it is asked first at a stop, if what is upstream cannot end.
    this.#forgetForceComplete = this.#context.shutdown.onForceComplete(() => this.#completeByForce())
    within(this.#context, this.#start)
    this.#endTurn()
    this.#goOn()
  }

  readonly #start = (): void => {
    const end = {
      next: (message: Out) => {
        if (this.#turn === over) return
        this.#count(true)
        this.#queue.push(message)
      },
      error: (error: unknown) => {
        this.#finish({ error })
      },
      complete: () => {
        this.#finish(undefined)
      },
      full: () => !this.#queue.wanted,
      inTurn: this.#inTurn,
    }
    const { first, last, lazy, context, failure } = startStages(this.#steps, this.#context, end)
    this.#first = first
    this.#last = last
    this.#lazy = lazy
    if (failure !== undefined) {
      this.#upstream.end()
      if (first === undefined) this.#finish(failure)
      else first.error(failure.error)
      return
    }
    const { meter, next } = this.#first!
    this.#onNext = countedIn(next, meter)
    this.#upstream.leadTo(context, meter)
    this.#first!.previous = { close: this.#letGo }
  }

  /** Asks the source for an item, if one is wanted and nothing speaks against it. */
  readonly #goOn = (): void => {
    if (this.#turn === busy) return
    const suspended = this.#resume()
    if (this.#queue.drained && !suspended) this.#count(false)
    if (this.#queue.wanted && !this.#upstream.over && !this.#first!.closed) this.#upstream.read()
  }

  /** Goes on with outputs that are suspended in their iterators; gives whether some still are. */
  #resume(): boolean {
    let suspended = this.#lazy.find((stage) => stage.suspended)
    while (suspended !== undefined && this.#queue.wanted && this.#turn === idle) {
      const stage = suspended
      this.#turn = busy
      handOverAs(this.#context, this.#upstream.moment, () => {
        stage.resume()
        this.#endTurn()
      })
      suspended = this.#lazy.find((stage) => stage.suspended)
    }
    return suspended !== undefined
  }

  readonly #inTurn = (work: () => void): void => {
    if (this.#turn === busy) queueMicrotask(this.#inTurn.bind(this, work))
    if (this.#turn !== idle) return
    this.#turn = busy
    within(this.#context, work)
    this.#endTurn()
    this.#goOn()
  }

  /** It is not busy any more; while it was, it may have come to its end. */
  #endTurn(): void {
    if (this.#turn === busy) this.#turn = idle
  }

  readonly #receive = (result: IteratorResult<unknown>): void => {
    const first = this.#first!
    this.#turn = busy
    this.#count(true)
    try {
      if (result.done === true) {
        this.#upstream.end()
        first.complete()
      } else this.#onNext(result.value)
    } catch (thrown) {
      first.fail(thrown)
    }
    this.#endTurn()
    this.#goOn()
  }

  /** At a stop, where no source can end what is upstream: what was taken passes through, then this is at its end. */
  #completeByForce(): boolean {
    if (this.#upstream.over) return false
    this.#upstream.letGo()?.catch(() => undefined)
    within(this.#context, () => {
      this.#first!.complete()
    })
    return true
  }

  /** Nothing more is wanted of the source; the end is told when it has let go. */
  readonly #letGo = (): void => {
    const released = this.#upstream.letGo()
    if (released === undefined) return
    const settled = released.catch(() => undefined)
    this.#releasing = settled.then(() => {
      this.#releasing = undefined
      if (this.#turn === over) this.#tellEnd()
    })
  }

  #finish(failure: { readonly error: unknown } | undefined): void {
    if (this.#turn === over) return
    this.#turn = over
    this.#failure = failure
    this.#letGo()
    this.#tellEnd()
  }

  /** To those who wait, none of them having a message to wait for. An error is told once. */
  #tellEnd(): void {
    if (this.#releasing !== undefined || !this.#queue.wanted) return
    this.#count(false)
    this.#forget()
    const failure = this.#failure
    this.#failure = undefined
    this.#queue.end(failure)
  }

  /** Nothing of this chain is left, and everybody knows. */
  #forget(): void {
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#forgetForceComplete?.()
    this.#forgetForceComplete = undefined
  }

  #count(something: boolean): void {
    if (this.#counted === something) return
    this.#counted = something
    if (something) this.#context.backPressure.bridgeInFlight.enter()
    else this.#context.backPressure.bridgeInFlight.leave()
  }
}
